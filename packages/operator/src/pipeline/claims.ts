import type { Container, InjectionEntry, Pod, Reason } from "../pod/index.ts";
import { INJECTION_ANNOTATION } from "../pod/index.ts";

/*
 * What a pod's annotation says about its own injection is a claim: whoever makes the pod can write it. A second call
 * (reinvocation, a copy, a restored backup) needs to know what the first one did, or it would take its own work for the
 * user's. So a claim counts only where the rules of today confirm it: take the claimed work away, let the rules act on
 * what is left, and look whether it comes back. Then the author could have sent the pod without the claim and would have
 * got the same. No key is needed, and every replica comes to the same answer.
 */

/** What earlier calls did to a pod, as far as the rules confirm it. */
export interface Past {
  readonly entries: readonly InjectionEntry[];
  /** The pod as its user wrote it: without what templates and rules of metadata did to it. */
  readonly submitted: Pod;
  /** What was claimed and is not so, by rule (`<kind>/<name>`), a sentence each. */
  readonly rejected: ReadonlyMap<string, readonly string[]>;
}

/** What the rules make of a pod that claims nothing; no pod where they refuse it. */
export type Outcome = (pod: Pod) => { readonly pod: Pod | undefined; readonly reasons: readonly Reason[] };

/** A claim that falls can bring down others. After this many rounds none counts: the work must stay bounded. */
const ROUNDS = 4;

export function confirm(pod: Pod, record: readonly InjectionEntry[], outcome: Outcome): Past {
  const rejected = new Map<string, string[]>();
  let entries: readonly InjectionEntry[] = unique(record);
  for (let round = 0; ; round++) {
    const submitted = withoutClaimed(pod, entries);
    const made = outcome(submitted);
    let fell = false;
    const left = entries.flatMap((entry): InjectionEntry[] => {
      if (entry.reason === "ClaimRejected") return [entry];
      const { kept, lost } = judge(entry, pod, made);
      if (lost.length === 0 && kept !== undefined) return [entry];
      fell = true;
      if (lost.length > 0) rejected.set(entry.rule, [...(rejected.get(entry.rule) ?? []), ...lost]);
      return kept === undefined ? [] : [kept];
    });
    if (!fell) return { entries, submitted, rejected };
    entries = round < ROUNDS ? left : [];
  }
}

/** One entry a rule, and nothing claimed by those that tell of a rejected claim. */
function unique(record: readonly InjectionEntry[]): InjectionEntry[] {
  const entries = record.map(({ into, replaced, ...entry }): InjectionEntry => {
    const { rule, reason, labels = [], annotations = [], problems = [] } = entry;
    if (reason === "ClaimRejected") return { rule, action: "skipped", reason, problems };
    return {
      ...entry,
      ...(into !== undefined && rule.startsWith("Template/") ? { into } : {}),
      ...(replaced === undefined
        ? {}
        : { replaced: { labels: only(replaced.labels, labels), annotations: only(replaced.annotations, annotations) } }),
    };
  });
  return [...new Map(entries.map((entry) => [entry.rule, entry])).values()];
}

/** The part of an entry that the outcome confirms, and a sentence for what it does not. */
function judge(
  entry: InjectionEntry,
  pod: Pod,
  made: ReturnType<Outcome>,
): { readonly kept: InjectionEntry | undefined; readonly lost: readonly string[] } {
  const reason = made.reasons.find(({ kind, rule }) => entry.rule === `${kind}/${rule}`);
  const acted = reason?.action === "applied" || reason?.action === "unchanged";
  const claimed = (["containers", "labels", "annotations", "env", "mounts", "securityContext"] as const).flatMap(
    (field) => entry[field] ?? [],
  );
  if (made.pod === undefined || !acted) {
    const why = made.pod === undefined ? "the rules refuse this pod now" : "the rule does nothing to this pod now";
    if (claimed.length > 0) return { kept: undefined, lost: [`${shown(claimed)}: ${why}`] };
    return { kept: reason?.action === entry.action && reason.reason === entry.reason ? entry : undefined, lost: [] };
  }
  if (entry.action !== "applied" && entry.action !== "unchanged") return { kept: undefined, lost: [] };
  const after = made.pod;
  const lost: string[] = [];
  const hold = (
    field: "labels" | "annotations" | "containers" | "securityContext",
    holds: (item: string) => boolean,
  ): readonly string[] => {
    const wrong = (entry[field] ?? []).filter((item) => !holds(item));
    if (wrong.length > 0) lost.push(`${field} ${shown(wrong)}: not what the rule makes of this pod now`);
    return (entry[field] ?? []).filter((item) => !wrong.includes(item));
  };
  const labels = hold("labels", (key) => sameText(pod.metadata.labels, after.metadata.labels, key));
  const annotations = hold("annotations", (key) => sameText(pod.metadata.annotations, after.metadata.annotations, key));
  const containers = hold("containers", (name) => reason.containers?.includes(name) === true && has(pod, name));
  const securityContext = hold("securityContext", (field) => sameSecurity(pod, after, field));
  const into = Object.entries(entry.into ?? {}).map(([name, { env = [], mounts = [] }]) => {
    const [own, made_] = [containerOf(pod, name), containerOf(after, name)];
    const variables = env.filter((variable) => sameItem(own?.env, made_?.env, (one) => one.name === variable));
    const paths = mounts.filter((path) => sameItem(own?.volumeMounts, made_?.volumeMounts, (one) => one.mountPath === path));
    const wrong = [...env.filter((one) => !variables.includes(one)), ...mounts.filter((one) => !paths.includes(one))];
    if (wrong.length > 0) lost.push(`${shown(wrong)} in container ${name}: not what the rule makes of this pod now`);
    return [name, { env: variables, mounts: paths }] as const;
  });
  if (lost.length === 0) return { kept: entry, lost };
  const { replaced } = entry;
  return {
    kept: {
      ...entry,
      labels,
      annotations,
      containers,
      ...(entry.securityContext === undefined ? {} : { securityContext }),
      ...(entry.into === undefined ? {} : { into: Object.fromEntries(into) }),
      ...(replaced === undefined
        ? {}
        : { replaced: { labels: only(replaced.labels, labels), annotations: only(replaced.annotations, annotations) } }),
    },
    lost,
  };
}

/** The pod as it was before rules did what the entries say; the same object where they say nothing. */
export function withoutClaimed(pod: Pod, entries: readonly InjectionEntry[]): Pod {
  const labels = new Set(entries.flatMap((entry) => entry.labels ?? []));
  const annotations = new Set([...entries.flatMap((entry) => entry.annotations ?? []), INJECTION_ANNOTATION]);
  // The first rule to replace a value replaced the user's.
  const before = (field: "labels" | "annotations"): Record<string, string> =>
    Object.assign({}, ...entries.map((entry) => only(entry.replaced?.[field], entry[field] ?? [])).reverse());
  const { metadata, spec } = pod;
  const security = new Set(entries.flatMap((entry) => (entry.rule.startsWith("Template/") ? (entry.securityContext ?? []) : [])));
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(metadata.labels ? { labels: { ...without(metadata.labels, labels), ...before("labels") } } : {}),
      ...(metadata.annotations ? { annotations: { ...without(metadata.annotations, annotations), ...before("annotations") } } : {}),
    },
    spec: {
      ...spec,
      containers: withoutTemplates(spec.containers, entries),
      ...(spec.initContainers ? { initContainers: withoutTemplates(spec.initContainers, entries) } : {}),
      ...(security.size > 0 && spec["securityContext"] ? { securityContext: without(securityOf(pod), security) } : {}),
    },
  };
}

/** `containers` without those, and without the variables and mounts, that templates brought. */
export function withoutTemplates(containers: readonly Container[], past: readonly InjectionEntry[]): readonly Container[] {
  const entries = past.filter(({ rule }) => rule.startsWith("Template/"));
  if (entries.length === 0 || !containers) return containers;
  const names = new Set(entries.flatMap((entry) => entry.containers ?? []));
  return containers
    .filter(({ name }) => !names.has(name))
    .map((container) => {
      const added = entries.flatMap(({ into }) =>
        into !== undefined && Object.hasOwn(into, container.name) ? [into[container.name]!] : [],
      );
      if (added.length === 0) return container;
      const variables = new Set(added.flatMap(({ env }) => env ?? []));
      const paths = new Set(added.flatMap(({ mounts }) => mounts ?? []));
      return {
        ...container,
        ...(container.env ? { env: container.env.filter(({ name }) => !variables.has(name)) } : {}),
        ...(container.volumeMounts ? { volumeMounts: container.volumeMounts.filter(({ mountPath }) => !paths.has(mountPath)) } : {}),
      };
    });
}

type Texts = Readonly<Record<string, string>> | undefined;

export function sameText(a: Texts, b: Texts, key: string): boolean {
  // Null where a pod's author wrote null.
  if (!a || !b) return false;
  return Object.hasOwn(a, key) && Object.hasOwn(b, key) && a[key] === b[key];
}

export function sameItem<T>(a: readonly T[] | undefined, b: readonly T[] | undefined, is: (item: T) => boolean): boolean {
  const [one, other] = [a?.find(is), b?.find(is)];
  return one !== undefined && other !== undefined && same(one, other);
}

/** Whether a field of the pods' `securityContext` is set in both, and the same. */
export function sameSecurity(a: Pod, b: Pod, field: string): boolean {
  const [one, other] = [securityOf(a), securityOf(b)];
  return Object.hasOwn(one, field) && Object.hasOwn(other, field) && same(one[field], other[field]);
}

function securityOf({ spec }: Pod): Readonly<Record<string, unknown>> {
  return (spec["securityContext"] as Readonly<Record<string, unknown>> | null | undefined) ?? {};
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** With its fields in order, and without the version of downward fields, which the API server fills in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([field, inner]) => !(field === "apiVersion" && inner === "v1") && inner !== "");
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([field, inner]) => [field, sorted(inner)]));
}

export function containerOf({ spec }: Pod, name: string): Container | undefined {
  return [...spec.containers, ...(spec.initContainers ?? [])].find((container) => container.name === name);
}

function has(pod: Pod, name: string): boolean {
  return containerOf(pod, name) !== undefined;
}

function only(map: Texts, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => keys.includes(key)));
}

function without<T>(map: Readonly<Record<string, T>>, keys: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.has(key)));
}

const SHOWN = 5;

/** Claims are a stranger's words: few of them, and short. */
function shown(items: readonly string[]): string {
  const texts = items.slice(0, SHOWN).map((item) => (item.length > 63 ? `${item.slice(0, 60)}…` : item));
  return texts.join(", ") + (items.length > SHOWN ? ` and ${items.length - SHOWN} more` : "");
}
