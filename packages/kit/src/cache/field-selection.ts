import { type KubeObject, parseFieldSelector } from "../api/index.ts";

/** Fields to select by that are no path into the object: the API server has their values from elsewhere in it. */
const NO_PATHS = new Set(["name", "source", "spec.host", "status.successful"]);
/** What Kubernetes' own kinds leave out of the JSON, and select by: "" for texts, these for flags and numbers. */
const OTHER_ZEROS = new Set(["false", "0"]);

/**
 * Whether an object is one that a field selector selects; undefined where that cannot be told from the object.
 *
 * A field is a dotted path into the object, for custom resources too (`selectableFields`), and one that is absent is "".
 *
 * @throws SelectorError when the selector cannot be read.
 */
export function selectsFields(selector: string, object: KubeObject): boolean | undefined {
  let known = true;
  for (const { field, equal, value } of parseFieldSelector(selector).terms) {
    const has = hasValue(object, field, value);
    if (has === undefined) known = false;
    else if (has !== equal) return false;
  }
  return known || undefined;
}

function hasValue(object: KubeObject, field: string, value: string): boolean | undefined {
  if (NO_PATHS.has(field)) return undefined;
  let at: unknown = object;
  for (const name of field.split(".")) {
    if (typeof at !== "object" || at === null) return absentHas(value);
    at = Object.hasOwn(at, name) ? (at as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  if (at === undefined || at === null) return absentHas(value);
  if (typeof at === "string" || typeof at === "boolean" || Number.isSafeInteger(at)) return String(at) === value;
  return undefined;
}

function absentHas(value: string): boolean | undefined {
  return OTHER_ZEROS.has(value) ? undefined : value === "";
}
