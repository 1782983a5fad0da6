import { type Cause, labelSelectorProblems, labelValueProblems, qualifiedNameProblems } from "@outrigger/kit/api";
import { validate } from "@outrigger/machinery/schema";
import { INJECTION_ANNOTATION } from "../pod/index.ts";
import type { DefaultEntry, PodDefaults, PodDefaultsSpec } from "./pod-defaults.ts";
import { podDefaultsSchema } from "./resource.ts";

/** Of all literal annotations of one object together, in bytes: Kubernetes takes 256 KiB a pod, and others want some too. */
const MAX_ANNOTATIONS_BYTES = 64 * 1024;
/** Of all literal variables of one object together, in bytes: they go into every container. */
const MAX_ENV_BYTES = 64 * 1024;

/**
 * Everything wrong with PodDefaults, each with its field's path; empty when they are good. What passes here cannot make a
 * pod one that Kubernetes refuses, on its own; values that depend on the pod are judged when they are known.
 */
export function podDefaultsProblems(defaults: PodDefaults): Cause[] {
  const spec = (defaults.spec ?? {}) as PodDefaultsSpec;
  const wrongTypes = validate(podDefaultsSchema(), spec, { path: "spec" });
  if (wrongTypes.length > 0) return wrongTypes;
  const causes = [
    ...(spec.selector ? labelSelectorProblems(spec.selector, "spec.selector") : []),
    ...(spec.namespaceSelector ? labelSelectorProblems(spec.namespaceSelector, "spec.namespaceSelector") : []),
    ...entries("labels", spec.labels, (entry, path) => [
      ...each(`${path}.name`, entry.name, qualifiedNameProblems(entry.name)),
      ...(entry.value === undefined ? [] : each(`${path}.value`, entry.value, labelValueProblems(entry.value))),
    ]),
    // Kubernetes compares keys of annotations in lower case.
    ...entries("annotations", spec.annotations, (entry, path) => [
      ...each(`${path}.name`, entry.name, qualifiedNameProblems(entry.name.toLowerCase())),
      ...(entry.name === INJECTION_ANNOTATION ? [invalid(`${path}.name`, entry.name, "the manager keeps its own record in it")] : []),
    ]),
    ...entries("env", spec.env, (entry, path) => [
      ...each(`${path}.name`, entry.name, variableProblems(entry.name)),
      ...fieldProblems(entry, path),
    ]),
  ];
  const tooLong = [...bytes("annotations", spec.annotations, MAX_ANNOTATIONS_BYTES), ...bytes("env", spec.env, MAX_ENV_BYTES)];
  return [...causes, ...tooLong];
}

function entries(
  list: "labels" | "annotations" | "env",
  all: readonly DefaultEntry[] = [],
  judge: (entry: DefaultEntry, path: string) => readonly Cause[],
): Cause[] {
  const seen = new Set<string>();
  return all.flatMap((entry, index) => {
    const path = `spec.${list}[${index}]`;
    const twice: Cause[] = seen.has(entry.name)
      ? [{ reason: "FieldValueDuplicate", field: `${path}.name`, message: `Duplicate value: ${JSON.stringify(entry.name)}` }]
      : [];
    seen.add(entry.name);
    const label = entry.valueFrom?.namespaceLabel;
    const source = label === undefined ? [] : each(`${path}.valueFrom.namespaceLabel`, label, qualifiedNameProblems(label));
    const one: Cause[] =
      (entry.value === undefined) === (entry.valueFrom === undefined)
        ? [invalid(path, entry.name, "exactly one of value and valueFrom says what the value is")]
        : [];
    return [...twice, ...one, ...judge(entry, path), ...source];
  });
}

/** Stricter than Kubernetes 1.36, as Kubernetes was before 1.30: pods must pass on servers of today and yesterday. */
function variableProblems(name: string): string[] {
  if (/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name) && name !== "." && !name.startsWith("..")) return [];
  return ["a variable's name consists of letters, digits, '_', '-' and '.', and does not start with a digit or '..'"];
}

const FIELDS: readonly string[] = [
  ...["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"],
  ...["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"],
];

/** A field that is not there when the pod is admitted reaches the variable through the downward API, which knows few. */
function fieldProblems({ valueFrom }: DefaultEntry, path: string): Cause[] {
  const field = valueFrom?.fieldPath;
  if (field === undefined || FIELDS.includes(field)) return [];
  const [, key] = /^metadata\.(?:labels|annotations)\['(.+)'\]$/.exec(field) ?? [];
  if (key !== undefined) return each(`${path}.valueFrom.fieldPath`, field, qualifiedNameProblems(key.toLowerCase()));
  const known = [...FIELDS, "metadata.labels['KEY']", "metadata.annotations['KEY']"].join(", ");
  return [invalid(`${path}.valueFrom.fieldPath`, field, `a variable can have only these fields of a pod: ${known}`)];
}

function bytes(list: "annotations" | "env", all: readonly DefaultEntry[] = [], most: number): Cause[] {
  const total = all.reduce((sum, { name, value = "" }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (total <= most) return [];
  return [
    { reason: "FieldValueTooLong", field: `spec.${list}`, message: `Too long: ${total} bytes in all, may not be more than ${most} bytes` },
  ];
}

function each(field: string, value: string, problems: readonly string[]): Cause[] {
  return problems.map((problem) => invalid(field, value, problem));
}

function invalid(field: string, value: string, why: string): Cause {
  const shown = value.length > 200 ? `${value.slice(0, 200)}…` : value;
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(shown)}: ${why}` };
}
