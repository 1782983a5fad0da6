import { type Container, type Draft, type EnvVar, isInjected, type PatchOperation, type Pod, type Reason } from "../pod/index.ts";
import type { DefaultEntry, PodDefaults } from "./pod-defaults.ts";
import { type Resolver, resolver, type ValueSources } from "./values.ts";

/** PodDefaults with what does not depend on the pod worked out. */
export interface CompiledPodDefaults {
  readonly name: string;
  readonly priority: number;
  readonly labels: readonly CompiledEntry[];
  readonly annotations: readonly CompiledEntry[];
  readonly env: readonly CompiledEntry[];
  /** Sources that are unset for every pod; they belong into the object's status. */
  readonly problems: readonly string[];
}

interface CompiledEntry {
  readonly name: string;
  readonly override: boolean;
  readonly resolve: Resolver;
  /** A field that is known only on the node reaches a variable through the downward API. */
  readonly fieldPath: string | undefined;
}

export function compilePodDefaults(defaults: PodDefaults, sources: ValueSources): CompiledPodDefaults {
  const compile = (entries: readonly DefaultEntry[] | undefined): CompiledEntry[] =>
    (entries ?? []).map((entry) => ({
      name: entry.name,
      override: entry.override === true,
      resolve: resolver(entry, sources),
      fieldPath: entry.valueFrom?.fieldPath,
    }));
  const { spec } = defaults;
  const [labels, annotations, env] = [compile(spec.labels), compile(spec.annotations), compile(spec.env)];
  const problems = [...labels, ...annotations, ...env].flatMap(({ resolve }) =>
    typeof resolve === "object" && "unset" in resolve ? [resolve.unset] : [],
  );
  return { name: defaults.metadata.name ?? "", priority: spec.priority ?? 0, labels, annotations, env, problems };
}

/** The order in which PodDefaults act: priority, then name. */
export function comparePodDefaults(a: CompiledPodDefaults, b: CompiledPodDefaults): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * Lets the PodDefaults that match act on a pod, in their order. What an earlier one set, or would have set, later ones
 * leave alone; so the result is the same when they act again on their own result.
 */
export function applyPodDefaults(draft: Draft, matching: readonly CompiledPodDefaults[], context: PodDefaultsContext): Reason[] {
  const settled = { labels: new Set<string>(), annotations: new Set<string>(), env: new Set<string>() };
  return matching.map((defaults) => applyOne(draft, defaults, context, settled));
}

export interface PodDefaultsContext {
  /** The pod as its user wrote it, without what earlier calls set. */
  readonly submitted: Pod;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Containers that came from templates in an earlier call. */
  readonly foreign: ReadonlySet<string>;
}

type Settled = Record<"labels" | "annotations" | "env", Set<string>>;

function applyOne(
  draft: Draft,
  defaults: CompiledPodDefaults,
  { submitted, namespaceLabels, foreign }: PodDefaultsContext,
  settled: Settled,
): Reason {
  const done = { labels: [] as string[], annotations: [] as string[], env: [] as string[] };
  const problems: string[] = [];
  const replaced: { labels?: Record<string, string>; annotations?: Record<string, string> } = {};
  for (const list of ["labels", "annotations"] as const) {
    for (const entry of defaults[list]) {
      if (settled[list].has(entry.name)) continue;
      const resolved = typeof entry.resolve === "function" ? entry.resolve(submitted, namespaceLabels) : entry.resolve;
      if ("unset" in resolved) {
        problems.push(resolved.unset);
        continue;
      }
      const current = Object.hasOwn(draft[list], entry.name) ? draft[list][entry.name] : undefined;
      if (current === undefined || (entry.override && current !== resolved.value)) {
        if (list === "labels") draft.setLabel(entry.name, resolved.value);
        else draft.setAnnotation(entry.name, resolved.value);
        done[list].push(entry.name);
        if (current !== undefined) replaced[list] = { ...replaced[list], [entry.name]: current };
        settled[list].add(entry.name);
      } else if (current === resolved.value) settled[list].add(entry.name);
    }
  }
  for (const entry of defaults.env) {
    if (settled.env.has(entry.name)) continue;
    const resolved = typeof entry.resolve === "function" ? entry.resolve(submitted, namespaceLabels) : entry.resolve;
    let variable: EnvVar;
    if ("value" in resolved) variable = { name: entry.name, value: resolved.value };
    else if (entry.fieldPath !== undefined)
      variable = { name: entry.name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: entry.fieldPath } } };
    else {
      problems.push(resolved.unset);
      continue;
    }
    if (setVariable(draft, variable, entry.override, foreign)) done.env.push(entry.name);
    settled.env.add(entry.name);
  }
  const changes = [
    ...done.labels.map((name) => `label ${name}`),
    ...done.annotations.map((name) => `annotation ${name}`),
    ...done.env.map((name) => `variable ${name}`),
  ];
  const nothing = problems.length > 0 ? problems.join("; ") : "the pod has every label, annotation and variable already";
  return {
    kind: "PodDefaults",
    rule: defaults.name,
    action: changes.length > 0 ? "applied" : problems.length > 0 ? "skipped" : "unchanged",
    reason: changes.length > 0 ? "Matched" : problems.length > 0 ? "SourceUnset" : "AlreadyPresent",
    message: changes.length > 0 ? `selector and namespace match: set ${changes.join(", ")}` : nothing,
    ...(done.labels.length === 0 ? {} : { labels: done.labels }),
    ...(done.annotations.length === 0 ? {} : { annotations: done.annotations }),
    ...(done.env.length === 0 ? {} : { env: done.env }),
    ...(replaced.labels === undefined && replaced.annotations === undefined ? {} : { replaced }),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

/** @returns whether a container changed */
function setVariable(draft: Draft, variable: EnvVar, override: boolean, foreign: ReadonlySet<string>): boolean {
  let changed = false;
  for (const list of [draft.initContainers, draft.containers]) {
    list.own.forEach((container, index) => {
      if (isInjected(container) || foreign.has(container.name)) return;
      const edit = variableEdit(container, variable, override);
      if (edit === undefined) return;
      list.replace(index, edit.container, [edit.operation]);
      changed = true;
    });
  }
  return changed;
}

function variableEdit(
  container: Container,
  variable: EnvVar,
  override: boolean,
): { container: Container; operation: PatchOperation } | undefined {
  const env = container.env ?? undefined;
  if (env === undefined) return { container: { ...container, env: [variable] }, operation: { op: "add", path: "/env", value: [variable] } };
  const index = env.findIndex((own) => own.name === variable.name);
  if (index < 0) return { container: { ...container, env: [...env, variable] }, operation: { op: "add", path: "/env/-", value: variable } };
  const own = env[index]!;
  const same = own.value === variable.value && JSON.stringify(own.valueFrom) === JSON.stringify(variable.valueFrom);
  if (!override || same) return undefined;
  return {
    container: { ...container, env: env.with(index, variable) },
    operation: { op: "replace", path: `/env/${index}`, value: variable },
  };
}
