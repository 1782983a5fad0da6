import type { KubeObject } from "@outrigger/kit/api";
import { isObject } from "@outrigger/kit/patch";
import { compareValues } from "./compare.ts";
import { nonconformity } from "./conform.ts";
import type { FieldSet } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { fieldsOf } from "./fields-of.ts";

/** Where `kubectl apply` without `--server-side` keeps what it applied. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The only manager that takes client-side apply over. */
export const CLIENT_SIDE_APPLIER = "kubectl";

/** A configuration may have no metadata, or null: the URL of the request names the object. */
type Stated = Omit<KubeObject, "metadata"> & { readonly metadata?: KubeObject["metadata"] | null };

/** An object's annotations together may not be larger, in bytes. */
const MAX_ANNOTATIONS_SIZE = 256 * 1024;

export function lastApplied(object: Stated): string {
  return object.metadata?.annotations?.[LAST_APPLIED] ?? "";
}

/**
 * The fields that a client-side apply stated and that nobody has changed since: `kubectl apply --server-side` may take
 * them over from the manager of that apply without a conflict.
 */
export function appliedClientSide(type: FieldType, live: KubeObject): FieldSet | undefined {
  let applied: unknown;
  try {
    applied = JSON.parse(lastApplied(live));
  } catch {
    return undefined;
  }
  if (!isObject(applied) || applied["apiVersion"] !== live.apiVersion || nonconformity(type, applied, false) !== "") return undefined;
  const { modified, added, removed } = compareValues(type, applied, live);
  return fieldsOf(type, applied).difference(modified).difference(added).difference(removed);
}

/** Keeps the annotation of client-side apply in step with a server-side one. Changes `object`. */
export function updateLastApplied(object: KubeObject, config: Stated): void {
  const given = config.metadata;
  const { [LAST_APPLIED]: _, ...annotations } = given?.annotations ?? {};
  const stated = given?.annotations ? { ...config, metadata: { ...given, annotations } } : config;
  const value = `${JSON.stringify(sortedKeys(stated)).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)}\n`;
  const { [LAST_APPLIED]: __, ...others } = object.metadata.annotations ?? {};
  const sized: Record<string, string> = { ...others, [LAST_APPLIED]: value };
  const size = Object.entries(sized).reduce((sum, [key, text]) => sum + Buffer.byteLength(key) + Buffer.byteLength(text), 0);
  object.metadata.annotations = size > MAX_ANNOTATIONS_SIZE ? others : sized;
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedKeys(value[key])]),
  );
}
