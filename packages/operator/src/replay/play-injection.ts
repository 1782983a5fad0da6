import { isDeepStrictEqual } from "node:util";
import { defaultObject, kinds, validatePodSpec } from "@outrigger/kit/kinds";
import { compileRules, type Decision, decide } from "../pipeline/index.ts";
import { INJECTION_ANNOTATION, type Pod } from "../pod/index.ts";
import {
  convertSidecarSet,
  defaultSidecarSet,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  type SidecarSet,
  validateSidecarSet,
} from "../sidecarset/index.ts";
import { type Exception, exceptionsOf } from "./exceptions.ts";
import type { InjectionCase } from "./injection-case.ts";

const MASK = "<masked>";

/**
 * Plays one recorded injection through the engine: sets are converted and defaulted by ours, the pod is decided on, and
 * the result, after the API server's defaults, is compared with what kruise made.
 *
 * @returns `why` says the first differences by path
 */
export function playInjection(recorded: InjectionCase): { alike: boolean; why?: string } {
  const sets = storedSets(recorded);
  const problems = hashProblems(recorded, sets);
  const exceptions = exceptionsOf(recorded.name);
  for (const exception of exceptions) {
    if (exception.otherwise === undefined) continue;
    const decision = play(recorded, sets);
    const outcome = decision.refusal !== undefined ? "refused" : decision.patch.length === 0 ? "untouched" : "changed";
    if (outcome !== exception.otherwise) problems.push(`without asking for kruise's way the pod is ${outcome}, not ${exception.otherwise}`);
  }
  if (exceptions.some(({ setRefused }) => setRefused)) {
    if (sets.every((set) => validateSidecarSet(set).length === 0)) problems.push("the sets are not refused");
    return problems.length === 0 ? { alike: true } : { alike: false, why: problems.join("; ") };
  }
  const asked = exceptions.reduce((all, { askForIt }) => (askForIt === undefined ? all : all.map(askForIt)), sets);
  const decision = play(recorded, asked, exceptions.find(({ excludedNamespaces }) => excludedNamespaces !== undefined)?.excludedNamespaces);
  const results = [recorded.result, ...(recorded.variants ?? [])];
  const differences = results.map((result) => compare(decision, result, exceptions));
  if (differences.some((list) => list.length === 0) && problems.length === 0) return { alike: true };
  return { alike: false, why: [...problems, ...(differences[0] ?? [])].slice(0, 6).join("; ") };
}

/** The sets as our own webhooks would have stored them. */
function storedSets(recorded: InjectionCase): SidecarSet[] {
  const sets = new Map<string, SidecarSet>();
  for (const submitted of recorded.sidecarsets) {
    const set = defaultSidecarSet(convertSidecarSet(submitted, "apps.kruise.io/v1beta1") as SidecarSet);
    sets.set(set.metadata.name ?? "", { ...set, metadata: { ...set.metadata, resourceVersion: "<sidecarset resourceVersion>" } });
  }
  return [...sets.values()];
}

function hashProblems(recorded: InjectionCase, sets: readonly SidecarSet[]): string[] {
  return (recorded.storedSidecarsets ?? []).flatMap((stored) => {
    const ours = sets.find((set) => set.metadata.name === stored.metadata.name);
    return [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION].flatMap((annotation) => {
      const [was, is] = [stored.metadata.annotations?.[annotation], ours?.metadata.annotations?.[annotation]];
      return was === is ? [] : [`${annotation} of ${stored.metadata.name}: ${is}, recorded ${was}`];
    });
  });
}

function play(recorded: InjectionCase, sets: readonly SidecarSet[], excludedNamespaces?: readonly string[]): Decision {
  const pod = recorded.podWithoutSidecarSets ?? recorded.pod;
  const namespace = recorded.pod.metadata.namespace ?? "default";
  const labels = recorded.namespaces.find(({ name }) => name === namespace)?.labels ?? {};
  const rules = compileRules({ sidecarSets: sets }, excludedNamespaces === undefined ? {} : { excludedNamespaces });
  return decide(pod, rules, { namespace, namespaceLabels: { ...labels, "kubernetes.io/metadata.name": namespace }, now: MASK });
}

function compare(decision: Decision, result: InjectionCase["result"], exceptions: readonly Exception[]): string[] {
  if (decision.refusal !== undefined) return result.status === undefined ? [`refused: ${decision.refusal.message}`] : [];
  const row = kinds().byKind("", "v1", "Pod")!;
  const ours = structuredClone(decision.pod);
  defaultObject(row, ours);
  if (result.status !== undefined)
    return validatePodSpec(ours.spec, "spec").length === 0 ? [`admitted, recorded: ${result.status.message}`] : [];
  const normalise = (pod: Pod): Pod => exceptions.reduce((done, exception) => exception.normalise?.(done) ?? done, normal(pod));
  const differences: string[] = [];
  walk("", normalise(ours), normalise(result.pod), differences);
  return differences;
}

/** Without what is never equal: the server's own fields, times, revisions (which come later), and our record. */
function normal(pod: Pod): Pod {
  const { status: _status, ...rest } = pod;
  const { [INJECTION_ANNOTATION]: _record, ...annotations } = { ...pod.metadata.annotations };
  for (const key of [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION]) {
    const text = annotations[key];
    if (text === undefined) continue;
    const entries = JSON.parse(text) as Record<string, { updateTimestamp?: string; controllerRevision?: string }>;
    for (const entry of Object.values(entries)) {
      entry.updateTimestamp = MASK;
      delete entry.controllerRevision;
    }
    annotations[key] = JSON.stringify(entries);
  }
  return { ...rest, metadata: { ...pod.metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) } };
}

function walk(path: string, ours: unknown, theirs: unknown, differences: string[]): void {
  if (isDeepStrictEqual(ours, theirs)) return;
  if (
    typeof ours === "object" &&
    typeof theirs === "object" &&
    ours !== null &&
    theirs !== null &&
    Array.isArray(ours) === Array.isArray(theirs)
  ) {
    for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
      walk(`${path}.${key}`, (ours as Record<string, unknown>)[key], (theirs as Record<string, unknown>)[key], differences);
    }
    return;
  }
  differences.push(`${path}: ${JSON.stringify(ours)}, recorded ${JSON.stringify(theirs)}`);
}
