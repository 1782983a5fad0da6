import type { Cause } from "@outrigger/kit/api";
import {
  CLAIMED_WRONGLY,
  type Container,
  type ContainerDefaults,
  Draft,
  INJECTION_ANNOTATION,
  type InjectionEntry,
  type PatchOperation,
  type Pod,
  type Reason,
  type ReasonCode,
  type RuleKind,
  readInjectionRecord,
  writeInjectionRecord,
} from "../pod/index.ts";
import { type CompiledPodDefaults, PodDefaultsApplication } from "../poddefaults/index.ts";
import { type CompiledSidecarSet, pinnedFor, SidecarInjection, sidecarNames } from "../sidecarset/index.ts";
import { applyTemplate, type InjectionTemplate, optIn, resolveVariables, templateContainers } from "../templates/index.ts";
import { confirm, type Past, withoutTemplates } from "./claims.ts";
import type { Rules, Selected } from "./rules.ts";

export interface DecideContext {
  /** The request's namespace; a pod's own is often empty at admission. */
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** The time that goes into the pod's annotations: RFC 3339, UTC, whole seconds (`2026-01-02T03:04:05Z`). */
  readonly now: string;
  /** `CREATE` when absent; nothing is injected into a pod that exists. */
  readonly operation?: string;
  /** What the namespace's LimitRanges give to containers: the one change by the API server that cannot be known otherwise. */
  readonly containerDefaults?: ContainerDefaults;
  /** From 0 up to 1, by chance: which pods get a pinned revision under policy Partial with a percentage. Default: 0.5. */
  readonly draw?: number;
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
 * - What a pod says about its own injection counts only where the rules confirm it (`claims.ts`): an author gains nothing
 *   by a forged annotation, a status, or a container that looks injected.
 * - Parts that no rule touches are the given pod's own; containers are shared with the rules and frozen.
 */
export function decide(pod: Pod, rules: Rules, context: DecideContext): Decision {
  const outside = untouchable(rules, context);
  if (outside !== undefined) return { pod, patch: NO_OPERATIONS, reasons: context.everyRule === true ? everyRule(rules, outside) : [] };
  const past = pastOf(pod, rules, context);
  const { draft, reasons, causes } = act(pod, rules, context, past);
  if (causes.length > 0) return refuse(pod, context, reasons, causes);
  if (context.everyRule === true)
    for (const { kind, rule, message } of rules.invalid) reasons.push({ kind, rule, action: "skipped", reason: "RuleInvalid", message });
  const told = tellRejected(reasons, past.rejected);
  if (!draft.changed && past.rejected.size === 0) return { pod, patch: NO_OPERATIONS, reasons: told };
  draft.setAnnotation(INJECTION_ANNOTATION, writeInjectionRecord(past.entries, told.filter(worthRecording)));
  return new Change(draft, told);
}

/** What earlier calls did to the pod, as far as that is true. */
export function pastOf(pod: Pod, rules: Rules, context: DecideContext): Past {
  const record = readInjectionRecord(pod);
  if (record.length === 0) return { entries: record, submitted: pod, rejected: NOTHING_REJECTED };
  if (untouchable(rules, context) !== undefined) return confirm(pod, record, (submitted) => ({ pod: submitted, reasons: [] }));
  return confirm(pod, record, (submitted) => {
    const { draft, reasons, causes } = act(submitted, rules, context, { entries: [], submitted, rejected: NOTHING_REJECTED });
    return { pod: causes.length > 0 ? undefined : draft.pod(), reasons };
  });
}

const NOTHING_REJECTED: Past["rejected"] = new Map();

interface Act {
  readonly draft: Draft;
  readonly reasons: Reason[];
  /** Why the pod is refused. */
  readonly causes: readonly Cause[];
}

/** Lets all rules act on the pod, each kind after the other. */
function act(pod: Pod, rules: Rules, context: DecideContext, past: Past): Act {
  const draft = new Draft(pod);
  const { namespaceLabels } = context;
  const { submitted } = past;
  const ofDefaults: Reason[] = [];
  const defaults = matching(rules.podDefaults, submitted.metadata.labels ?? NO_LABELS, context, "PodDefaults", ofDefaults);
  const application = defaults.length === 0 ? undefined : new PodDefaultsApplication(draft, defaults, { submitted, namespaceLabels });
  application?.setMetadata();

  const ofSets: Reason[] = [];
  const labels = withoutTemplateKeys(draft.labels, past.entries, "labels");
  const chosenSets = atRevisions(
    active(matching(rules.sidecarSets, labels, context, "SidecarSet", ofSets), ofSets),
    labels,
    draft,
    context,
  );
  if (chosenSets.refused.length > 0)
    return { draft, reasons: [...ofDefaults, ...ofSets, ...chosenSets.refused], causes: chosenSets.causes };
  const { sets } = chosenSets;
  const injection = sets.length === 0 ? undefined : new SidecarInjection(draft, sets, context.containerDefaults);
  injection?.patchMetadata();

  const ofTemplates: Reason[] = [];
  const templates = chosen(draft, rules, context, past, ofTemplates);
  const brought =
    sets.length + templates.length === 0
      ? NONE
      : new Set([...sets.flatMap(sidecarNames), ...templates.flatMap(({ template }) => templateContainers(template))]);

  if (application !== undefined) ofDefaults.push(...application.setVariables(brought));
  if (injection !== undefined) {
    const injected = injection.inject((containers) => ownContainers(containers, brought, past.entries), context.now);
    ofSets.push(...injected.reasons);
    if (injected.causes.length > 0) return { draft, reasons: [...ofDefaults, ...ofSets], causes: injected.causes };
  }
  const causes: Cause[] = [];
  for (const { template, why } of templates) {
    const applied = applyTemplate(draft, template, { past: past.entries, brought, containerDefaults: context.containerDefaults }, why);
    ofTemplates.push(applied.reason);
    causes.push(...applied.causes);
  }
  return { draft, reasons: [...ofDefaults, ...ofSets, ...ofTemplates], causes };
}

/** Reasons with what the pod claimed wrongly about each rule; a reason of its own for a rule that has none. */
function tellRejected(reasons: readonly Reason[], rejected: Past["rejected"]): readonly Reason[] {
  if (rejected.size === 0) return reasons;
  const left = new Map(rejected);
  const told = reasons.map((reason) => {
    const key = `${reason.kind}/${reason.rule}`;
    const problems = left.get(key);
    if (problems === undefined || reason.action === "skipped") return reason;
    left.delete(key);
    return { ...reason, problems: [...(reason.problems ?? []), ...problems.map((problem) => `${CLAIMED_WRONGLY}${problem}`)] };
  });
  for (const [key, problems] of left) {
    const slash = key.indexOf("/");
    const kind = key.slice(0, slash);
    if (!isKind(kind)) continue;
    const rule = key.slice(slash + 1);
    told.push({ kind, rule, action: "skipped", reason: "ClaimRejected", message: problems.join("; "), problems });
  }
  return told;
}

function isKind(kind: string): kind is RuleKind {
  return kind === "PodDefaults" || kind === "SidecarSet" || kind === "Template";
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

/**
 * Why no rule may touch this pod, where that is so. Nothing that stands in the pod's status counts: the API server
 * empties it, and its author could switch every rule off with it.
 */
function untouchable(
  rules: Rules,
  { namespace, namespaceLabels, operation }: DecideContext,
): { reason: ReasonCode; message: string } | undefined {
  if (operation !== undefined && operation !== "CREATE")
    return { reason: "NotCreate", message: "pods are changed when they are created only" };
  if (rules.excludedNamespaces.has(namespace)) return { reason: "NamespaceExcluded", message: `namespace ${namespace} is excluded` };
  if (CONTROL_PLANE_LABEL in namespaceLabels)
    return { reason: "NamespaceExcluded", message: `namespace ${namespace} has the label ${CONTROL_PLANE_LABEL}` };
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

/** Sets as they are, or as they were at the revision that they pin for this pod. */
function atRevisions(
  sets: CompiledSidecarSet[],
  labels: Readonly<Record<string, string>>,
  { annotations }: Draft,
  { draw = 0.5 }: DecideContext,
): { readonly sets: CompiledSidecarSet[]; readonly refused: readonly Reason[]; readonly causes: readonly Cause[] } {
  if (sets.every(({ pin }) => pin === undefined)) return { sets, refused: [], causes: [] };
  const at: CompiledSidecarSet[] = [];
  const causes: Cause[] = [];
  const refused: Reason[] = [];
  for (const set of sets) {
    const chosen = pinnedFor(set, { labels, annotations }, draw);
    if ("message" in chosen) {
      causes.push(chosen);
      refused.push({ kind: "SidecarSet", rule: set.name, action: "refused", reason: "RevisionMissing", message: chosen.message });
    } else at.push(chosen);
  }
  return { sets: at, refused, causes };
}

/** What the pod's user brought: without containers, variables and mounts of rules. */
function ownContainers(
  containers: readonly Container[],
  brought: ReadonlySet<string>,
  past: readonly InjectionEntry[],
): readonly Container[] {
  const own = containers.some(({ name }) => brought.has(name)) ? containers.filter(({ name }) => !brought.has(name)) : containers;
  return past.length === 0 ? own : withoutTemplates(own, past);
}

/** Templates that act on this pod, in their order, and why each does. */
function chosen(
  draft: Draft,
  rules: Rules,
  context: DecideContext,
  { entries: past, submitted }: Past,
  reasons: Reason[],
): { readonly template: InjectionTemplate; readonly why: string }[] {
  if (rules.templates.length === 0) return [];
  const { namespace, namespaceLabels } = context;
  const answer = optIn(
    {
      labels: withoutTemplateKeys(draft.labels, past, "labels"),
      annotations: withoutTemplateKeys(draft.annotations, past, "annotations"),
      namespaceLabels,
      hostNetwork: draft.original.spec.hostNetwork === true,
      templates: rules.templates,
    },
    rules.optIn,
  );
  const skip = (rule: string, reason: ReasonCode, message: string, problems?: readonly string[]): void =>
    void reasons.push({ kind: "Template", rule, action: "skipped", reason, message, ...(problems ? { problems } : {}) });
  return rules.templates.flatMap((one) => {
    if (!answer.chosen.has(one.name)) {
      if (context.everyRule === true || (answer.reason !== "NotOptedIn" && answer.reason !== "NotNamed"))
        skip(one.name, answer.reason, answer.reason === "NotNamed" ? `${answer.message}, which does not choose it` : answer.message);
      return [];
    }
    const { template, unset } = resolveVariables(one, { pod: submitted, namespace, namespaceLabels });
    if (unset.length === 0) return [{ template, why: answer.message }];
    skip(one.name, "SourceUnset", unset.join("; "), unset);
    return [];
  });
}

/** Labels or annotations without those that templates set in an earlier call. */
function withoutTemplateKeys(
  map: Readonly<Record<string, string>>,
  past: readonly InjectionEntry[],
  field: "labels" | "annotations",
): Readonly<Record<string, string>> {
  const added = past.flatMap((entry) => (entry.rule.startsWith("Template/") ? (entry[field] ?? []) : []));
  return added.length === 0 ? map : Object.fromEntries(Object.entries(map).filter(([key]) => !added.includes(key)));
}

/** What the pod's own annotation keeps: not that a selector did not match. */
function worthRecording(reason: Reason): boolean {
  return (
    reason.action !== "skipped" ||
    (reason.reason !== "SelectorMismatch" &&
      reason.reason !== "NotOptedIn" &&
      reason.reason !== "NotNamed" &&
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
