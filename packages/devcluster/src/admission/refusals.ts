import type { Status } from "@outrigger/kit/api";
import { badRequest, internal, refusal, type StatusError } from "../registry/index.ts";
import type { Hook } from "./hooks.ts";

/** A webhook said no. After `k8s.io/apiserver/pkg/admission/plugin/webhook/errors`. */
export function denied(hook: Hook, status: Partial<Status> | undefined): StatusError {
  const by = `admission webhook ${JSON.stringify(hook.name)} denied the request`;
  const why = status?.message || status?.reason;
  // A refusal with a code of success would be taken for one.
  const code = status?.code !== undefined && status.code >= 400 ? status.code : 400;
  return refusal({
    code,
    message: why ? `${by}: ${why}` : `${by} without explanation`,
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(status?.details ? { details: status.details } : {}),
  });
}

/** A webhook that must be asked could not be. */
export function callFailed(hook: Hook, words: string): StatusError {
  return internal(`failed calling webhook ${JSON.stringify(hook.name)}: ${words}`);
}

/** A dry run met a webhook that may do more than answer. */
export function dryRunUnsupported(hook: Hook): StatusError {
  return badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
}
