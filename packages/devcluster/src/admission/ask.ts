import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes } from "../registry/index.ts";
import { CallError } from "./call-error.ts";
import type { WebhookCaller } from "./caller.ts";
import type { Candidate } from "./hooks.ts";
import { denied, dryRunUnsupported } from "./refusals.ts";
import { type ReviewAnswer, readAnswer, reviewRequest, writeReview } from "./review.ts";

/** The object in the form that the hook asks for. */
export interface Forms {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/**
 * Asks one webhook about a request.
 *
 * @returns its answer, which allows the request.
 * @throws CallError when it could not be asked; StatusError when it refused, or must not be asked in a dry run.
 */
export async function ask(
  caller: WebhookCaller,
  { hook, resource, kind }: Candidate,
  attributes: AdmissionAttributes,
  forms: Forms,
  mutating: boolean,
): Promise<ReviewAnswer> {
  if (attributes.dryRun && !hook.allowsDryRun) throw dryRunUnsupported(hook);
  if (hook.reviewVersion === undefined) {
    throw new CallError("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
  }
  const { uid, body } = writeReview(hook.reviewVersion, reviewRequest(attributes, { resource, kind }), forms.object, forms.oldObject);
  const answer = readAnswer(await caller.post(hook.clientConfig, hook.seconds, body), hook.reviewVersion, uid, mutating);
  for (const [key, value] of Object.entries(answer.auditAnnotations)) attributes.annotate?.(`${hook.name}/${key}`, value);
  for (const warning of answer.warnings) attributes.warn(warning);
  if (!answer.allowed) throw denied(hook, answer.status);
  return answer;
}
