/** Whether somebody wrote a field: the API server fills in defaults before anybody is asked. */
export type Evidence = "written" | "defaulted" | "unknown";

interface Managed {
  readonly operation?: string | undefined;
  readonly subresource?: string | undefined;
  readonly fieldsV1?: unknown;
}
export interface EvidenceMetadata {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly managedFields?: readonly Managed[] | undefined;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * What tells whether a field was written: `kubectl apply` keeps what was applied in an annotation, and server-side apply owns exactly
 * the fields that were applied. Whoever creates or updates is said to own defaults too, which tells nothing.
 *
 * @param path of the field, from the object's top
 */
export function evidenceOf({ annotations, managedFields }: EvidenceMetadata, path: readonly string[]): Evidence {
  const applied = lastApplied(annotations?.[LAST_APPLIED]);
  if (applied !== undefined) return has(applied, path) ? "written" : "defaulted";
  const applies = (managedFields ?? []).filter(({ operation, subresource }) => operation === "Apply" && (subresource ?? "") === "");
  if (applies.length === 0) return "unknown";
  const owned = path.map((name) => `f:${name}`);
  return applies.some(({ fieldsV1 }) => has(fieldsV1, owned)) ? "written" : "defaulted";
}

function lastApplied(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function has(value: unknown, path: readonly string[]): boolean {
  let at: unknown = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return false;
    at = (at as Record<string, unknown>)[name];
  }
  return at !== undefined;
}
