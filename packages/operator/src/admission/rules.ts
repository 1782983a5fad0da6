import type { Cause, KubeObject } from "@outrigger/kit/api";
import { type AdmissionAnswer, type AdmissionRequest, invalid } from "@outrigger/kit/webhook";
import { type PodDefaults, podDefaultsProblems } from "../poddefaults/index.ts";
import { parseTemplate, TEMPLATE_KEY, TemplateError, templateSettings } from "../templates/index.ts";

/** Judges PodDefaults whole. What was wrong before may stay as it is: its metadata must stay changeable. */
export function validatePodDefaults(request: AdmissionRequest): AdmissionAnswer {
  const { object, oldObject } = request;
  if (!isJudged(request, object)) return { allowed: true };
  const causes = podDefaultsProblems(object as PodDefaults);
  return answer(causes, oldObject?.["spec"], object["spec"]);
}

/** Judges a ConfigMap with a template whole: each problem with its line and column in the text. */
export function validateTemplate(request: AdmissionRequest): AdmissionAnswer {
  const { object, oldObject } = request;
  if (!isJudged(request, object)) return { allowed: true };
  const before = oldObject === undefined || oldObject === null ? undefined : templateOf(oldObject);
  return answer(templateProblems(object), before, templateOf(object));
}

/** Everything wrong with a template's ConfigMap, each with its field's path; line and column stand in the message. */
export function templateProblems(configMap: KubeObject): Cause[] {
  const text = (configMap["data"] as Record<string, unknown> | undefined)?.[TEMPLATE_KEY];
  const field = `data[${TEMPLATE_KEY}]`;
  if (typeof text !== "string") return [{ reason: "FieldValueRequired", field, message: "Required value: a template's text stands here" }];
  try {
    parseTemplate(configMap.metadata.name ?? "", text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.problems.map(({ line, column, message }) => ({
      reason: "FieldValueInvalid",
      field,
      message: `Invalid value: line ${line}, column ${column}: ${message}`,
    }));
  }
  return templateSettings(configMap.metadata.annotations ?? {}).problems.map(({ annotation, message }) => ({
    reason: "FieldValueInvalid",
    field: `metadata.annotations[${annotation}]`,
    message: `Invalid value: ${message}`,
  }));
}

function templateOf({ data, metadata }: KubeObject): unknown {
  return { text: (data as Record<string, unknown> | undefined)?.[TEMPLATE_KEY], ...templateSettings(metadata.annotations ?? {}).read };
}

function isJudged(request: AdmissionRequest, object: AdmissionRequest["object"]): object is KubeObject {
  const { operation, subResource } = request;
  if ((operation !== "CREATE" && operation !== "UPDATE") || (subResource ?? "") !== "") return false;
  // An object that is going must be able to lose its finalizers, whatever is wrong with it.
  return (
    typeof object === "object" && object !== null && typeof object.metadata === "object" && object.metadata?.deletionTimestamp === undefined
  );
}

function answer(causes: readonly Cause[], before: unknown, now: unknown): AdmissionAnswer {
  if (causes.length === 0) return { allowed: true };
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(now))
    return { allowed: true, warnings: causes.slice(0, 3).map(({ field, message }) => `not in force: ${field}: ${message}`) };
  return invalid(causes);
}
