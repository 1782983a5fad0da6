import type { Cause } from "@outrigger/kit/api";
import {
  Draft,
  INJECTION_ANNOTATION,
  type InjectionEntry,
  type PatchOperation,
  type Pod,
  type Reason,
  type ReasonCode,
  type RuleKind,
  readInjectionRecord,
  templateContainers,
  withoutMetadataOf,
  writeInjectionRecord,
} from "../pod/index.ts";
import { applyPodDefaults, type CompiledPodDefaults } from "../poddefaults/index.ts";
import { type CompiledSidecarSet, injectSidecarSets } from "../sidecarset/index.ts";
import { applyTemplate, optIn } from "../templates/index.ts";
import type { Rules, Selected } from "./rules.ts";

export interface DecideContext {
  /** The request's namespace; a pod's own is often empty at admission. */
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** The time that goes into the pod's annotations: RFC 3339, UTC, whole seconds (`2026-01-02T03:04:05Z`). */
  readonly now: string;
  /** `CREATE` when absent; nothing is injected into a pod that exists. */
  readonly operation?: string;
  /** Also give reasons for rules whose selectors do not match; costs a look at every rule. */
  readonly everyRule?: boolean;
}

export interface Decision {
  /** The intended pod: the given one itself when nothing changes, or when it is refused. */
  readonly pod: Pod;
  /** Applied to the given pod, gives the intended one. Empty when nothing changes. */
  readonly patch: readonly PatchOperation[];
  /** Of every rule whose selector matches the pod's labels, in the order in which they act. */
  readonly reasons: readonly Reason[];
  /** The pod is refused: each cause with its field and what to do. */
  readonly refusal?: Refusal;
}

export interface Refusal {
  readonly code: 422;
  readonly reason: "Invalid";
  readonly message: string;
  readonly causes: readonly Cause[];
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});
const NO_OPERATIONS: readonly PatchOperation[] = Object.freeze([]);
/** A namespace with this label holds control planes; kruise's webhook leaves those out, and so do we. */
const CONTROL_PLANE_LABEL = "control-plane";

/**
 * What becomes of one pod: PodDefaults act first, then SidecarSets by name, then templates by name.
 *
 * Guarantees
 * - Pure and deterministic: same pod, rules and context, same decision. Neither pod nor rules are written to.
 * - The patch applied to the pod gives `pod`, exactly.
 * - Idempotent: deciding on the result changes nothing, whatever defaults the API server filled in between.
 * - Parts that no rule touches are the given pod's own; containers are shared with the rules and frozen.
 */
export function decide(pod: Pod, rules: Rules, context: DecideContext): Decision {
  const outside = untouchable(pod, rules, context);
  if (outside !== undefined) return { pod, patch: NO_OPERATIONS, reasons: context.everyRule === true ? everyRule(rules, outside) : [] };
  const record = readInjectionRecord(pod);
  const draft = new Draft(pod);
  const reasons: Reason[] = [];
  const { namespaceLabels } = context;

  const submitted = record.length === 0 ? pod : withoutMetadataOf(pod, record, ["PodDefaults", "Template"]);
  const defaults = matching(rules.podDefaults, submitted.metadata.labels ?? NO_LABELS, context, "PodDefaults", reasons);
  if (defaults.length > 0) {
    const foreign = record.length === 0 ? NONE : templateContainers(record);
    reasons.push(...applyPodDefaults(draft, defaults, { submitted, namespaceLabels, foreign }));
  }

  const labels = record.length === 0 ? draft.labels : withoutTemplateLabels(draft, record);
  const sets = active(matching(rules.sidecarSets, labels, context, "SidecarSet", reasons), reasons);
  if (sets.length > 0) {
    const injected = injectSidecarSets(draft, sets, record, context.now);
    reasons.push(...injected.reasons);
    if (injected.causes.length > 0) return refuse(pod, context, reasons, injected.causes);
  }

  if (rules.templates.length > 0) {
    const causes = templates(draft, rules, context, record, reasons);
    if (causes.length > 0) return refuse(pod, context, reasons, causes);
  }

  if (context.everyRule === true)
    for (const { kind, rule, message } of rules.invalid) reasons.push({ kind, rule, action: "skipped", reason: "RuleInvalid", message });
  if (!draft.changed) return { pod, patch: NO_OPERATIONS, reasons };
  draft.setAnnotation(INJECTION_ANNOTATION, writeInjectionRecord(record, reasons.filter(worthRecording)));
  return new Change(draft, reasons);
}

class Change implements Decision {
  readonly patch: readonly PatchOperation[];
  readonly reasons: readonly Reason[];
  readonly #draft: Draft;
  #pod: Pod | undefined;

  constructor(draft: Draft, reasons: readonly Reason[]) {
    this.patch = draft.patch();
    this.reasons = reasons;
    this.#draft = draft;
  }
  /** Put together when somebody asks: the webhook sends the patch. */
  get pod(): Pod {
    this.#pod ??= this.#draft.pod();
    return this.#pod;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Why no rule may touch this pod, where that is so. */
function untouchable(
  pod: Pod,
  rules: Rules,
  { namespace, namespaceLabels, operation }: DecideContext,
): { reason: ReasonCode; message: string } | undefined {
  if (operation !== undefined && operation !== "CREATE")
    return { reason: "NotCreate", message: "pods are changed when they are created only" };
  if (rules.excludedNamespaces.has(namespace)) return { reason: "NamespaceExcluded", message: `namespace ${namespace} is excluded` };
  if (CONTROL_PLANE_LABEL in namespaceLabels)
    return { reason: "NamespaceExcluded", message: `namespace ${namespace} has the label ${CONTROL_PLANE_LABEL}` };
  if (pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null)
    return { reason: "PodFinished", message: "the pod is being deleted" };
  const phase = pod.status?.phase;
  if (phase === "Succeeded" || phase === "Failed") return { reason: "PodFinished", message: `the pod has ${phase.toLowerCase()}` };
  return undefined;
}

/** Rules of one kind whose selectors match; reasons for those that the namespace keeps out, and for all others when asked. */
function matching<T extends CompiledPodDefaults | CompiledSidecarSet>(
  selected: Selected<T>,
  labels: Readonly<Record<string, string>>,
  context: DecideContext,
  kind: RuleKind,
  reasons: Reason[],
): T[] {
  if (selected.rules.length === 0) return [];
  const found: T[] = [];
  const candidates = context.everyRule === true ? selected.rules.keys() : selected.index.candidates(labels);
  for (const position of candidates) {
    const { rule, pods, namespaces } = selected.rules[position]!;
    if (!pods(labels)) {
      if (context.everyRule === true)
        reasons.push({
          kind,
          rule: rule.name,
          action: "skipped",
          reason: "SelectorMismatch",
          message: "the selector does not match the pod's labels",
        });
    } else if (!namespaces(context.namespaceLabels)) {
      reasons.push({
        kind,
        rule: rule.name,
        action: "skipped",
        reason: "NamespaceMismatch",
        message: `the namespaceSelector does not match namespace ${context.namespace}`,
      });
    } else found.push(rule);
  }
  return found;
}

/** Sets that really inject: neither paused, nor with a canary that stands in for them. */
function active(sets: CompiledSidecarSet[], reasons: Reason[]): CompiledSidecarSet[] {
  if (sets.every((set) => !set.paused && set.canaryOf === undefined)) return sets;
  const replaced = new Map<string, string>();
  for (const set of sets) if (set.canaryOf !== undefined && !set.paused) replaced.set(set.canaryOf, set.name);
  return sets.filter((set) => {
    const canary = replaced.get(set.name);
    if (!set.paused && canary === undefined) return true;
    const reason: ReasonCode = set.paused ? "Paused" : "CanaryInstead";
    reasons.push({
      kind: "SidecarSet",
      rule: set.name,
      action: "skipped",
      reason,
      message: set.paused ? "injectionStrategy.paused is set" : `its canary ${canary} is injected instead`,
    });
    return false;
  });
}

function templates(draft: Draft, rules: Rules, context: DecideContext, record: readonly InjectionEntry[], reasons: Reason[]): Cause[] {
  const { labels, annotations } = draft;
  const answer = optIn(
    { labels, annotations, namespaceLabels: context.namespaceLabels, hostNetwork: draft.original.spec.hostNetwork === true },
    rules.optIn,
  );
  const causes: Cause[] = [];
  for (const template of rules.templates) {
    if (!answer.inject) {
      if (context.everyRule === true || answer.reason !== "NotOptedIn")
        reasons.push({ kind: "Template", rule: template.name, action: "skipped", reason: answer.reason, message: answer.message });
      continue;
    }
    const applied = applyTemplate(draft, template, record, answer.message);
    reasons.push(applied.reason);
    causes.push(...applied.causes);
  }
  return causes;
}

function withoutTemplateLabels(draft: Draft, record: readonly InjectionEntry[]): Readonly<Record<string, string>> {
  const added = new Set(record.flatMap((entry) => (entry.rule.startsWith("Template/") ? (entry.labels ?? []) : [])));
  return added.size === 0 ? draft.labels : Object.fromEntries(Object.entries(draft.labels).filter(([key]) => !added.has(key)));
}

/** What the pod's own annotation keeps: not that a selector did not match. */
function worthRecording(reason: Reason): boolean {
  return (
    reason.action !== "skipped" ||
    (reason.reason !== "SelectorMismatch" &&
      reason.reason !== "NotOptedIn" &&
      reason.reason !== "NamespaceMismatch" &&
      reason.reason !== "RuleInvalid")
  );
}

function everyRule(rules: Rules, why: { reason: ReasonCode; message: string }): Reason[] {
  const skipped = (kind: RuleKind, rule: string): Reason => ({ kind, rule, action: "skipped", ...why });
  return [
    ...rules.podDefaults.rules.map(({ rule }) => skipped("PodDefaults", rule.name)),
    ...rules.sidecarSets.rules.map(({ rule }) => skipped("SidecarSet", rule.name)),
    ...rules.templates.map(({ name }) => skipped("Template", name)),
  ];
}

function refuse(pod: Pod, context: DecideContext, reasons: Reason[], causes: readonly Cause[]): Decision {
  const name = pod.metadata.name ?? `${pod.metadata.generateName ?? ""}*`;
  const details = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const message = `Pod ${JSON.stringify(name)} in namespace ${context.namespace} is not injectable: ${details.length === 1 ? details[0] : `[${details.join(", ")}]`}`;
  return { pod, patch: NO_OPERATIONS, reasons, refusal: { code: 422, reason: "Invalid", message, causes } };
}
