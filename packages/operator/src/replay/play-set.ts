import type { KubeObject } from "@outrigger/kit/api";
import { differencesOf } from "./differences.ts";
import type { SetStage } from "./stage.ts";
import { VALIDATION_EXCEPTIONS } from "./validation-exceptions.ts";

/** One recorded judgement of kruise's webhooks and definition about a set. */
export interface ValidationCase {
  readonly name: string;
  readonly why: string;
  readonly configMap?: { readonly namespace: string; readonly name: string; readonly data: Readonly<Record<string, string>> };
  /** Sets that are there before. */
  readonly existing?: readonly KubeObject[];
  readonly operation: string;
  /** The set before an UPDATE. */
  readonly old?: KubeObject;
  readonly sidecarset: KubeObject;
  readonly result:
    | { readonly status: { readonly message: string; readonly code: number }; readonly accepted?: never }
    | { readonly accepted: true; readonly stored: KubeObject; readonly status?: never };
}

/** One recorded set: what the API server answered to its creation, and how it was read in both versions afterwards. */
export interface DefaultingCase {
  readonly name: string;
  readonly why: string;
  readonly configMap?: ValidationCase["configMap"];
  readonly sidecarset: KubeObject;
  readonly responseToCreate: KubeObject;
  readonly v1alpha1: KubeObject;
  readonly v1beta1: KubeObject;
  readonly controllerRevisions: readonly object[];
}

/** Plays one recorded judgement. @returns differences by path; empty when alike */
export async function playValidation(recorded: ValidationCase, stage: SetStage): Promise<string[]> {
  const exception = VALIDATION_EXCEPTIONS[recorded.name];
  const judged = await stage.judge(recorded);
  if (exception?.refused !== undefined) {
    if (recorded.result.status !== undefined) return ["kruise refuses it as well: it is no exception"];
    if (judged.refused === undefined) return [`accepted, not refused at ${exception.refused}`];
    return judged.refused.includes(`${exception.refused}: `) ? [] : [`refused, not at ${exception.refused}: ${judged.refused}`];
  }
  if (exception?.accepted === true) {
    if (recorded.result.accepted) return ["kruise accepts it as well: it is no exception"];
    return judged.refused === undefined ? [] : [`refused, not accepted: ${judged.refused}`];
  }
  if (recorded.result.status !== undefined)
    return judged.refused === undefined ? [`accepted, recorded: ${recorded.result.status.message}`] : [];
  if (judged.refused !== undefined) return [`refused: ${judged.refused}`];
  return differencesOf(withoutIdentity(judged.stored), withoutIdentity(recorded.result.stored));
}

/** Plays one recorded creation. @returns differences by path; empty when alike */
export async function playDefaulting(recorded: DefaultingCase, stage: SetStage): Promise<string[]> {
  const made = await stage.store(recorded);
  if (made.refused !== undefined) return [`refused: ${made.refused}`];
  const { responseToCreate, v1alpha1, v1beta1, controllerRevisions } = made;
  const compare = (name: string, ours: KubeObject, theirs: KubeObject): string[] =>
    differencesOf(withoutIdentity(ours), withoutIdentity(theirs)).map((line) => `${name}${line}`);
  return [
    ...compare("responseToCreate", responseToCreate, recorded.responseToCreate),
    ...compare("v1alpha1", v1alpha1, recorded.v1alpha1),
    ...compare("v1beta1", v1beta1, recorded.v1beta1),
    ...differencesOf(controllerRevisions, recorded.controllerRevisions).map((line) => `controllerRevisions${line}`),
  ];
}

/** As the recording masks it; and without the conditions of a set's status, which are ours. */
function withoutIdentity(set: KubeObject): object {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, managedFields: _fields, ...metadata } = set.metadata;
  if (metadata.generateName !== undefined) metadata.name = "<generated>";
  const { status, ...rest } = set as KubeObject & { status?: Record<string, unknown> };
  if (status === undefined) return { ...rest, metadata };
  const { conditions: _conditions, ...counts } = status;
  return { ...rest, metadata, status: counts };
}
