import { INJECTION_ANNOTATION, type Pod } from "../pod/index.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../sidecarset/index.ts";

export const MASK = "<masked>";
const MASKED_VERSION = "<sidecarset resourceVersion>";

/** Without what is never equal: the server's own fields, times, and our record. */
export function normal(pod: Pod): Pod {
  const { status: _status, ...rest } = pod as Pod & { readonly status?: unknown };
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, managedFields: _fields, ...metadata } = pod.metadata;
  const { [INJECTION_ANNOTATION]: _record, ...annotations } = { ...metadata.annotations };
  for (const key of [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION]) {
    const text = annotations[key];
    if (text === undefined) continue;
    const entries = JSON.parse(text) as Record<string, { updateTimestamp?: string }>;
    for (const entry of Object.values(entries)) entry.updateTimestamp = MASK;
    annotations[key] = JSON.stringify(entries);
  }
  // The recording masks every version but "0".
  for (const [key, value] of Object.entries(annotations))
    if (/^version(alt)?\.sidecarset\.kruise\.io\//.test(key) && /^[1-9]\d*$/.test(value)) annotations[key] = MASKED_VERSION;
  const { annotations: _annotations, ...others } = metadata;
  return { ...rest, metadata: { ...others, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) } };
}
