import { labelValueProblems } from "@outrigger/kit/api";
import type { Pod } from "../pod/index.ts";
import type { InjectionTemplate } from "./template.ts";

/** What a template can ask for. The list is closed, and a value is text: nothing of it is ever run or read as YAML. */
const VARIABLES: Readonly<
  Record<string, { readonly keyed: boolean; readonly value: (from: Surroundings, key: string) => string | undefined }>
> = {
  POD_NAME: { keyed: false, value: ({ pod }) => pod.metadata.name },
  POD_NAMESPACE: { keyed: false, value: ({ namespace }) => namespace },
  POD_SERVICE_ACCOUNT: { keyed: false, value: ({ pod }) => text(pod.spec["serviceAccountName"]) ?? "default" },
  POD_LABEL: { keyed: true, value: ({ pod }, key) => own(pod.metadata.labels, key) },
  POD_ANNOTATION: { keyed: true, value: ({ pod }, key) => own(pod.metadata.annotations, key) },
  NAMESPACE_LABEL: { keyed: true, value: ({ namespaceLabels }, key) => own(namespaceLabels, key) },
};

/** Names of the variables, as `variables` of a template lists them. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

interface Surroundings {
  /** As its user wrote it. */
  readonly pod: Pod;
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** `${NAME}`, `${NAME[key]}`, `${NAME[key]:-default}`; `$${` is a dollar and a brace. */
const REFERENCE = /\$\$\{|\$\{([A-Z_]+)(?:\[([^\]}]*)\])?(?::-([^}]*))?\}/g;
/** A value of an annotation may be long, and a template may ask for it often. */
const MAX_VALUE = 1024;

/**
 * A template for one pod; the same object where it asks for no variables.
 *
 * @returns `unset`: what the pod or its namespace does not have, a sentence each; then the template is not to be used
 */
export function resolveVariables(
  template: InjectionTemplate,
  from: Surroundings,
): { readonly template: InjectionTemplate; readonly unset: readonly string[] } {
  const { variables, ...content } = template;
  if (variables === undefined || variables.length === 0) return { template, unset: [] };
  const unset = new Set<string>();
  const resolved = mapTexts(content, (value) =>
    value.replace(REFERENCE, (whole: string, name: string | undefined, key = "", byDefault?: string) => {
      if (name === undefined) return "${";
      if (!variables.includes(name)) return whole;
      const found = VARIABLES[name]?.value(from, key);
      if (found !== undefined && found.length > MAX_VALUE) unset.add(`${whole}: the value has more than ${MAX_VALUE} characters`);
      else if (found !== undefined && found !== "") return found;
      if (byDefault !== undefined) return byDefault;
      unset.add(`${whole}: there is none when the pod is admitted`);
      return "";
    }),
  ) as InjectionTemplate;
  for (const [label, value] of Object.entries(resolved.labels ?? {}))
    for (const problem of labelValueProblems(value)) unset.add(`label ${label}: ${JSON.stringify(value.slice(0, 63))} ${problem}`);
  return { template: resolved, unset: [...unset] };
}

/** What is wrong with the use of variables in a template, by path. */
export function variableProblems(
  content: unknown,
  variables: readonly string[],
): { readonly path: readonly string[]; readonly message: string }[] {
  const problems: { path: readonly string[]; message: string }[] = [];
  for (const [index, name] of variables.entries())
    if (!Object.hasOwn(VARIABLES, name))
      problems.push({
        path: ["variables", String(index)],
        message: `there is no variable ${JSON.stringify(name)}; there are ${VARIABLE_NAMES.join(", ")}`,
      });
  eachText(content, [], (value, path) => {
    for (const [whole, name, key] of value.matchAll(REFERENCE)) {
      if (name === undefined || !variables.includes(name) || !Object.hasOwn(VARIABLES, name)) continue;
      const { keyed } = VARIABLES[name]!;
      if (path.at(-1) === "name" || path.at(-1) === "mountPath")
        problems.push({ path, message: `${whole}: a ${path.at(-1)} cannot depend on the pod` });
      else if (keyed && (key ?? "") === "") problems.push({ path, message: `${whole}: write which one, as \${${name}[KEY]}` });
      else if (!keyed && key !== undefined) problems.push({ path, message: `${whole}: ${name} takes no key` });
    }
  });
  return problems;
}

/** The content with an `x` for each variable, to judge the rest by. */
export function withoutVariables<T>(content: T, variables: readonly string[]): T {
  if (variables.length === 0) return content;
  return mapTexts(content, (value) =>
    value.replace(REFERENCE, (whole: string, name: string | undefined) => (name !== undefined && variables.includes(name) ? "x" : whole)),
  ) as T;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return value.includes("$") ? change(value) : value;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]));
}

function eachText(value: unknown, path: readonly string[], visit: (text: string, path: readonly string[]) => void): void {
  if (typeof value === "string") visit(value, path);
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) eachText(inner, [...path, key], visit);
}

function own(map: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
