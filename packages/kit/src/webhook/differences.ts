import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../api/index.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Where a webhook configuration or a CustomResourceDefinition is not as it should be: paths like
 * `webhooks["fail.injection.outrigger.dev"].failurePolicy`.
 *
 * Guarantees
 * - `webhooks` must be the same, field by field: an entry or a condition that somebody added counts, a value that the API
 *   server fills in does not.
 * - Of labels, annotations and a definition's spec, what is wanted must be there; what else is there does not count.
 */
export function differences(wanted: KubeObject, found: KubeObject): string[] {
  const paths: string[] = [];
  const { labels, annotations } = wanted.metadata;
  compare(labels ?? {}, found.metadata.labels ?? {}, "metadata.labels", paths);
  compare(annotations ?? {}, found.metadata.annotations ?? {}, "metadata.annotations", paths);
  if (wanted["webhooks"] !== undefined) compareWebhooks(entries(wanted), entries(found), paths);
  if (wanted["spec"] !== undefined) compare(wanted["spec"], found["spec"], "spec", paths);
  return paths;
}

/** The parts of a merge patch that give `found` what is wanted; lists are replaced whole. */
export function repairOf(wanted: KubeObject, found: KubeObject): object {
  const { labels, annotations } = wanted.metadata;
  return {
    metadata: {
      // Another version is not to be edited: it is looked at when the watch shows it.
      resourceVersion: found.metadata.resourceVersion,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    ...(wanted["webhooks"] === undefined ? {} : { webhooks: wanted["webhooks"] }),
    ...(wanted["spec"] === undefined ? {} : { spec: wanted["spec"] }),
  };
}

function entries(object: KubeObject): readonly Fields[] {
  return (object["webhooks"] as readonly Fields[] | undefined) ?? [];
}

function compareWebhooks(wanted: readonly Fields[], found: readonly Fields[], paths: string[]): void {
  const rest = new Map(found.map((entry) => [entry["name"], entry]));
  for (const entry of wanted) {
    const path = `webhooks[${JSON.stringify(entry["name"])}]`;
    const other = rest.get(entry["name"]);
    rest.delete(entry["name"]);
    if (other === undefined) {
      paths.push(path);
      continue;
    }
    const [a, b] = [withDefaults(entry), withDefaults(other)];
    for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (!isDeepStrictEqual(a[field], b[field])) paths.push(`${path}.${field}`);
    }
  }
  for (const name of rest.keys()) paths.push(`webhooks[${JSON.stringify(name)}]`);
}

/** An entry with what the API server fills in (`pkg/apis/admissionregistration/v1/defaults.go`), without what says nothing. */
function withDefaults(entry: Fields): Fields {
  const { clientConfig, rules, ...fields } = JSON.parse(JSON.stringify(entry)) as {
    clientConfig?: { service?: { port?: number } };
    rules?: object[];
    reinvocationPolicy?: string;
  };
  const { service } = clientConfig ?? {};
  const filled: Record<string, unknown> = {
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    ...fields,
    clientConfig: { ...clientConfig, ...(service ? { service: { port: 443, ...service } } : {}) },
    rules: (rules ?? []).map((rule) => ({ scope: "*", ...rule })),
  };
  // The default of mutating webhooks; validating ones have none.
  if (filled["reinvocationPolicy"] === "Never") delete filled["reinvocationPolicy"];
  if (isDeepStrictEqual(filled["matchConditions"], [])) delete filled["matchConditions"];
  return filled;
}

function compare(wanted: unknown, found: unknown, path: string, paths: string[]): void {
  if (wanted === undefined) return;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return void paths.push(path);
    for (const [index, item] of wanted.entries()) compare(item, found[index], `${path}[${index}]`, paths);
  } else if (typeof wanted === "object" && wanted !== null) {
    if (typeof found !== "object" || found === null) return void paths.push(path);
    for (const [key, value] of Object.entries(wanted)) compare(value, (found as Fields)[key], `${path}.${key}`, paths);
  } else if (wanted !== found) paths.push(path);
}
