import { labelValueProblems } from "@outrigger/kit/api";
import type { Draft, EnvVar, PatchOperation, Pod, Reason } from "../pod/index.ts";
import type { DefaultEntry, PodDefaults } from "./pod-defaults.ts";
import { SIDECARS_READY } from "./sidecars-ready.ts";
import { proxyEntries, type Resolved, type Resolver, resolver, type ValueSources } from "./values.ts";

/** PodDefaults with what does not depend on the pod worked out. */
export interface CompiledPodDefaults {
  readonly name: string;
  readonly priority: number;
  readonly labels: readonly CompiledEntry[];
  readonly annotations: readonly CompiledEntry[];
  readonly env: readonly CompiledEntry[];
  readonly readinessGate: boolean;
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
  const proxies = spec.proxies === true ? proxyEntries(sources) : { entries: [] };
  const own = new Set(spec.env?.map(({ name }) => name));
  const [labels, annotations] = [compile(spec.labels), compile(spec.annotations)];
  const env = compile([...(spec.env ?? []), ...proxies.entries.filter(({ name }) => !own.has(name))]);
  const problems = [...labels, ...annotations, ...env].flatMap(({ resolve }) =>
    typeof resolve === "object" && "unset" in resolve ? [resolve.unset] : [],
  );
  if ("problem" in proxies && proxies.problem !== undefined) problems.push(proxies.problem);
  const readinessGate = spec.sidecarReadinessGate === true;
  return { name: defaults.metadata.name ?? "", priority: spec.priority ?? 0, labels, annotations, env, readinessGate, problems };
}

/** The order in which PodDefaults act: priority, then name. */
export function comparePodDefaults(a: CompiledPodDefaults, b: CompiledPodDefaults): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

export interface PodDefaultsContext {
  /** The pod as its user wrote it, without what earlier calls set. */
  readonly submitted: Pod;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/**
 * Lets the PodDefaults that match act on a pod, in their order: first on its metadata, by which other rules select, then
 * on its containers. What an earlier one set, or would have set, later ones leave alone; so the result is the same when
 * they act again on their own result.
 */
export class PodDefaultsApplication {
  readonly #draft: Draft;
  readonly #context: PodDefaultsContext;
  readonly #settled = { labels: new Set<string>(), annotations: new Set<string>(), env: new Set<string>() };
  readonly #all: readonly Doings[];

  constructor(draft: Draft, matching: readonly CompiledPodDefaults[], context: PodDefaultsContext) {
    this.#draft = draft;
    this.#context = context;
    this.#all = matching.map((defaults) => ({ defaults, labels: [], annotations: [], env: [], gates: [], problems: [], replaced: {} }));
  }

  setMetadata(): void {
    for (const doings of this.#all) for (const list of ["labels", "annotations"] as const) this.#setTexts(list, doings);
  }

  /**
   * Sets the variables of the pod's own containers, before those that the containers have.
   *
   * @param brought names of the containers that other rules bring; they get none
   */
  setVariables(brought: ReadonlySet<string>): Reason[] {
    for (const doings of this.#all) {
      this.#setVariables(doings, brought);
      if (doings.defaults.readinessGate && this.#draft.addReadinessGate(SIDECARS_READY)) doings.gates.push(SIDECARS_READY);
    }
    return this.#all.map(reasonFor);
  }

  #setTexts(list: "labels" | "annotations", { defaults, problems, replaced, ...done }: Doings): void {
    const draft = this.#draft;
    const settled = this.#settled[list];
    for (const entry of defaults[list]) {
      if (settled.has(entry.name)) continue;
      const resolved = this.#resolve(entry);
      if ("unset" in resolved) {
        problems.push(resolved.unset);
        continue;
      }
      const { value } = resolved;
      const current = Object.hasOwn(draft[list], entry.name) ? draft[list][entry.name] : undefined;
      if (current === undefined || (entry.override && current !== value)) {
        const wrong = list === "labels" ? labelValueProblems(value)[0] : tooMuch(draft.annotations, entry.name, value);
        if (wrong !== undefined) {
          problems.push(`${entry.name}: ${wrong}`);
          continue;
        }
        if (list === "labels") draft.setLabel(entry.name, value);
        else draft.setAnnotation(entry.name, value);
        done[list].push(entry.name);
        if (current !== undefined) replaced[list] = { ...replaced[list], [entry.name]: current };
        settled.add(entry.name);
      } else if (current === value) settled.add(entry.name);
    }
  }

  #setVariables({ defaults, env, problems }: Doings, brought: ReadonlySet<string>): void {
    const settled = this.#settled.env;
    for (const entry of defaults.env) {
      if (settled.has(entry.name)) continue;
      const resolved = this.#resolve(entry);
      let variable: EnvVar;
      if ("value" in resolved) variable = { name: entry.name, value: resolved.value };
      else if (entry.fieldPath !== undefined)
        variable = { name: entry.name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: entry.fieldPath } } };
      else {
        problems.push(resolved.unset);
        continue;
      }
      if (setVariable(this.#draft, variable, entry.override, brought)) env.push(entry.name);
      settled.add(entry.name);
    }
  }

  #resolve(entry: CompiledEntry): Resolved {
    const { submitted, namespaceLabels } = this.#context;
    return typeof entry.resolve === "function" ? entry.resolve(submitted, namespaceLabels) : entry.resolve;
  }
}

/** What one PodDefaults has done so far. */
interface Doings {
  readonly defaults: CompiledPodDefaults;
  readonly labels: string[];
  readonly annotations: string[];
  readonly env: string[];
  readonly gates: string[];
  readonly problems: string[];
  readonly replaced: { labels?: Record<string, string>; annotations?: Record<string, string> };
}

/** Kubernetes refuses a pod whose annotations are larger together, in bytes. */
const ANNOTATIONS_LIMIT = 256 * 1024;
/** Left for what others add after us, in bytes. */
const ANNOTATIONS_RESERVE = 32 * 1024;

/** Why an annotation would make the pod one that Kubernetes refuses. */
function tooMuch(annotations: Readonly<Record<string, string>>, name: string, value: string): string | undefined {
  // Whatever the encoding, no text has more than three bytes a code unit.
  let units = name.length + value.length;
  for (const key in annotations) units += key.length + annotations[key]!.length;
  if (units * 3 < ANNOTATIONS_LIMIT - ANNOTATIONS_RESERVE) return undefined;
  const bytes = Object.entries({ ...annotations, [name]: value }).reduce((sum, entry) => sum + Buffer.byteLength(entry.join("")), 0);
  if (bytes <= ANNOTATIONS_LIMIT - ANNOTATIONS_RESERVE) return undefined;
  return `the pod's annotations would have ${bytes} bytes, and Kubernetes takes no more than ${ANNOTATIONS_LIMIT}`;
}

function reasonFor({ defaults, problems, replaced, ...done }: Doings): Reason {
  const changes = [
    ...done.labels.map((name) => `label ${name}`),
    ...done.annotations.map((name) => `annotation ${name}`),
    ...done.env.map((name) => `variable ${name}`),
    ...done.gates.map((name) => `readiness gate ${name}`),
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
function setVariable(draft: Draft, variable: EnvVar, override: boolean, brought: ReadonlySet<string>): boolean {
  let changed = false;
  for (const list of [draft.initContainers, draft.containers]) {
    list.own.forEach((container, index) => {
      if (brought.has(container.name)) return;
      const env = container.env ?? [];
      const own = env.filter(({ name }) => name === variable.name);
      if (own.length === 0) list.addVariables(index, [variable]);
      else {
        if (!override || own.every((one) => same(one, variable))) return;
        // The last one of a name counts in Kubernetes: one that stays behind would escape the override.
        const first = env.indexOf(own[0]!);
        const value = env.filter((one) => !own.includes(one)).toSpliced(first, 0, variable);
        const operation: PatchOperation =
          own.length === 1 ? { op: "replace", path: `/env/${first}`, value: variable } : { op: "replace", path: "/env", value };
        list.replace(index, { ...container, env: value }, [operation]);
      }
      changed = true;
    });
  }
  return changed;
}

function same(own: EnvVar, variable: EnvVar): boolean {
  return (own.value ?? "") === (variable.value ?? "") && JSON.stringify(own.valueFrom) === JSON.stringify(variable.valueFrom);
}
