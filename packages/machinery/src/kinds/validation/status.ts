import type { Cause, Status } from "@outrigger/kit/api";

/**
 * The 422 for an object and what is wrong with it (`apierrors.NewInvalid`). The message names each finding once, also
 * where two checks made it; the causes keep all.
 *
 * @param kind Group and kind of the object.
 * @param name "" where it has none.
 */
export function invalidStatus(kind: { readonly group: string; readonly kind: string }, name: string, causes: readonly Cause[]): Status {
  const sentences = [...new Set(causes.map(({ field, message }) => `${field ?? ""}: ${message}`))];
  const summary = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  const subject = `${kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`} ${JSON.stringify(name)} is invalid`;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: sentences.length === 0 ? subject : `${subject}: ${summary}`,
    reason: "Invalid",
    details: {
      ...(name === "" ? {} : { name }),
      ...(kind.group === "" ? {} : { group: kind.group }),
      kind: kind.kind,
      ...(causes.length === 0 ? {} : { causes: [...causes] }),
    },
    code: 422,
  };
}
