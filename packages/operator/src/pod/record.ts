import { LastText } from "./last-text.ts";
import type { Pod } from "./pod.ts";
import type { Additions, Reason, ReasonCode, Replaced } from "./reason.ts";

/** The annotation that says what was done to a pod, by which rule and why. */
export const INJECTION_ANNOTATION = "outrigger.dev/injection";

/** How a problem begins that says which of the pod's own claims fell, in the entry of a rule that acted. */
export const CLAIMED_WRONGLY = "claimed wrongly: ";

/** One entry of the annotation: `{"rule":"SidecarSet/logtail","action":"applied","reason":"Matched","containers":["logtail"]}`. */
export interface InjectionEntry {
  /** `<kind>/<name>`. */
  readonly rule: string;
  readonly action: Reason["action"];
  readonly reason: ReasonCode;
  readonly containers?: readonly string[];
  readonly labels?: readonly string[];
  readonly annotations?: readonly string[];
  readonly env?: readonly string[];
  /** Paths of mounts that were added to the pod's own containers. */
  readonly mounts?: readonly string[];
  /** Fields of the pod's `securityContext` that were set. */
  readonly securityContext?: readonly string[];
  /** Which of the pod's own containers got which of `env` and `mounts`. */
  readonly into?: Readonly<Record<string, Additions>>;
  /** What labels and annotations said before they were overridden. */
  readonly replaced?: Replaced;
  readonly problems?: readonly string[];
}

const NONE: readonly InjectionEntry[] = Object.freeze([]);

/** What a pod's annotation tells; nothing when it has none or one that cannot be read. */
export function readInjectionRecord(pod: { readonly metadata: Pod["metadata"] }): readonly InjectionEntry[] {
  const text = pod.metadata.annotations?.[INJECTION_ANNOTATION];
  if (text === undefined) return NONE;
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries) ? entries.filter(isEntry).map(readable) : NONE;
  } catch {
    return NONE;
  }
}

function isEntry(entry: unknown): entry is InjectionEntry {
  return (
    typeof entry === "object" &&
    entry !== null &&
    typeof (entry as InjectionEntry).rule === "string" &&
    typeof (entry as InjectionEntry).action === "string"
  );
}

const LISTS = ["containers", "labels", "annotations", "env", "mounts", "securityContext", "problems"] as const;

/** Users can write the annotation too: only what has the right shape is taken over. */
function readable(entry: InjectionEntry): InjectionEntry {
  const { rule, action, reason, replaced, into } = entry;
  const result: Record<string, unknown> = { rule, action, reason };
  for (const field of LISTS) {
    const value: unknown = entry[field];
    if (Array.isArray(value)) result[field] = names(value);
  }
  if (replaced !== undefined) result["replaced"] = { labels: texts(replaced?.labels), annotations: texts(replaced?.annotations) };
  if (typeof into === "object" && into !== null)
    result["into"] = Object.fromEntries(
      Object.entries(into).map(([name, added]) => [
        name,
        { ...list("env", undefined, names(added?.env)), ...list("mounts", undefined, names(added?.mounts)) },
      ]),
    );
  return result as unknown as InjectionEntry;
}

function names(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function texts(map: unknown): Record<string, string> {
  return typeof map === "object" && map !== null
    ? Object.fromEntries(Object.entries(map).filter(([, value]) => typeof value === "string"))
    : {};
}

/**
 * The annotation's value after this decision. An entry of an earlier call stays as it is while its rule found its work
 * done, so that a second call changes nothing; entries of rules that no longer exist stay too: they tell the pod's past.
 */
export function writeInjectionRecord(before: readonly InjectionEntry[], reasons: readonly Reason[]): string {
  if (before.length === 0) return firstRecord(reasons);
  const entries = [...before];
  for (const made of reasons) {
    const { kind, rule, action, reason, containers, labels, annotations, env, mounts, securityContext, into, replaced, problems } = made;
    const key = `${kind}/${rule}`;
    const at = entries.findIndex((entry) => entry.rule === key);
    if (at >= 0 && action !== "applied") continue;
    const earlier = entries[at];
    const entry: InjectionEntry = {
      rule: key,
      action,
      reason,
      ...list("containers", earlier?.containers, containers),
      ...list("labels", earlier?.labels, labels),
      ...list("annotations", earlier?.annotations, annotations),
      ...list("env", earlier?.env, env),
      ...list("mounts", earlier?.mounts, mounts),
      ...list("securityContext", earlier?.securityContext, securityContext),
      ...joined(earlier?.into, into),
      ...both(earlier?.replaced, replaced),
      ...list("problems", undefined, problems),
    };
    if (at >= 0) entries[at] = entry;
    else entries.push(entry);
  }
  return JSON.stringify(entries);
}

function list(
  field: string,
  earlier: readonly string[] | undefined,
  now: readonly string[] | undefined,
): Record<string, readonly string[]> {
  if (earlier === undefined || earlier.length === 0) return now === undefined || now.length === 0 ? {} : { [field]: now };
  return { [field]: [...new Set([...earlier, ...(now ?? [])])] };
}

function joined(earlier: InjectionEntry["into"], now: InjectionEntry["into"]): { into?: Readonly<Record<string, Additions>> } {
  if (earlier === undefined) return now === undefined ? {} : { into: now };
  const into = new Map(Object.entries(earlier));
  for (const [name, { env, mounts }] of Object.entries(now ?? {})) {
    const before = into.get(name);
    into.set(name, { ...list("env", before?.env, env), ...list("mounts", before?.mounts, mounts) });
  }
  return { into: Object.fromEntries(into) };
}

/** The older value counts: it is the user's. */
function both(earlier: Replaced | undefined, now: Replaced | undefined): { replaced?: Replaced } {
  if (earlier === undefined) return now === undefined ? {} : { replaced: now };
  return { replaced: { labels: { ...now?.labels, ...earlier.labels }, annotations: { ...now?.annotations, ...earlier.annotations } } };
}

const firstRecords = new LastText<Reason>();

function firstRecord(reasons: readonly Reason[]): string {
  const make = (): string => `[${reasons.map(firstEntry).join(",")}]`;
  // A reason that was made for this pod alone never comes again.
  return Object.isFrozen(reasons[0]) ? firstRecords.of(reasons, "", make) : make();
}

/** An entry as JSON, of a pod that had none. */
function firstEntry({
  kind,
  rule,
  action,
  reason,
  containers,
  labels,
  annotations,
  env,
  mounts,
  securityContext,
  into,
  replaced,
  problems,
}: Reason): string {
  let text = `{"rule":${JSON.stringify(`${kind}/${rule}`)},"action":"${action}","reason":"${reason}"`;
  if (containers !== undefined && containers.length > 0) text += `,"containers":${JSON.stringify(containers)}`;
  if (labels !== undefined) text += `,"labels":${JSON.stringify(labels)}`;
  if (annotations !== undefined) text += `,"annotations":${JSON.stringify(annotations)}`;
  if (env !== undefined) text += `,"env":${JSON.stringify(env)}`;
  if (mounts !== undefined) text += `,"mounts":${JSON.stringify(mounts)}`;
  if (securityContext !== undefined) text += `,"securityContext":${JSON.stringify(securityContext)}`;
  if (into !== undefined) text += `,"into":${JSON.stringify(into)}`;
  if (replaced !== undefined) text += `,"replaced":${JSON.stringify(replaced)}`;
  if (problems !== undefined) text += `,"problems":${JSON.stringify(problems)}`;
  return `${text}}`;
}
