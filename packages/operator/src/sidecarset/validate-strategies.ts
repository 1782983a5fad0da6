import { type Cause, labelSelector, labelSelectorProblems, qualifiedNameProblems } from "@outrigger/kit/api";
import { compilePattern } from "@outrigger/machinery/schema";
import type { LabelSelector, SidecarSet, SidecarSetSpec, UpdateStrategy } from "./set.ts";

/** @param found whether there is a revision as the set's injectionStrategy asks for it; nothing where nobody can say */
export function validateInjection({ injectionStrategy }: SidecarSetSpec, found: boolean | undefined): Cause[] {
  const revision = injectionStrategy?.revision;
  if (revision === undefined) return [];
  const path = "spec.injectionStrategy.revision";
  const causes: Cause[] = [];
  const { revisionName, customVersion, policy } = revision;
  if (revisionName === undefined && customVersion === undefined)
    causes.push({ reason: "FieldValueRequired", field: path, message: "Required value: revisionName or customVersion" });
  else if (found === false) {
    const [field, value] = revisionName === undefined ? ["customVersion", customVersion] : ["revisionName", revisionName];
    causes.push({
      reason: "FieldValueNotFound",
      field: `${path}.${field}`,
      message: `Not found: ${JSON.stringify(value)}: this SidecarSet has no such revision; its revisions are the ControllerRevisions with label kruise.io/sidecarset-name`,
    });
  }
  if (policy !== undefined && policy !== "" && policy !== "Always" && policy !== "Partial")
    causes.push(unsupported(`${path}.policy`, policy, ["Always", "Partial"]));
  return causes;
}

/**
 * What kruise judges, it judges under RollingUpdate alone: under NotUpdate nothing of it has an effect, and clusters have
 * such sets. Only what a pinned revision reads is judged always.
 */
export function validateUpdateStrategy({ updateStrategy: strategy = {}, injectionStrategy, initContainers }: SidecarSetSpec): Cause[] {
  const path = "spec.updateStrategy";
  if (strategy.type === "NotUpdate") {
    const read = injectionStrategy?.revision?.policy === "Partial";
    return [
      ...(read && strategy.selector !== undefined ? nonEmptySelector(strategy.selector, `${path}.selector`) : []),
      ...(read ? countOrPercent(strategy.partition, `${path}.partition`) : []),
    ];
  }
  const causes: Cause[] = [];
  if (strategy.type !== undefined && strategy.type !== "" && strategy.type !== "RollingUpdate")
    causes.push(unsupported(`${path}.type`, strategy.type, ["RollingUpdate", "NotUpdate"]));
  if (initContainers?.some((container) => container.restartPolicy === "Always") === true)
    causes.push(invalid(`${path}.type`, strategy.type ?? "", "native sidecars cannot be updated in place; write NotUpdate"));
  if (strategy.selector !== undefined) causes.push(...nonEmptySelector(strategy.selector, `${path}.selector`));
  causes.push(
    ...countOrPercent(strategy.partition, `${path}.partition`),
    ...countOrPercent(strategy.maxUnavailable, `${path}.maxUnavailable`),
  );
  if (strategy.selector !== undefined && strategy.partition !== undefined && strategy.partition !== 0)
    causes.push(invalid(`${path}.partition`, strategy.partition, "not together with selector; leave one of them out"));
  return [...causes, ...validatePriority(strategy, path), ...validateScatter(strategy, path)];
}

function nonEmptySelector(selector: LabelSelector, field: string): Cause[] {
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)
    return [invalid(field, selector, "an empty selector is not valid; leave it out")];
  return labelSelectorProblems(selector, field);
}

function countOrPercent(value: number | string | undefined, field: string): Cause[] {
  if (value === undefined) return [];
  if (typeof value === "number")
    return Number.isInteger(value) && value >= 0 ? [] : [invalid(field, value, "must be a whole number, 0 or more")];
  return /^[0-9]+%$/.test(value) ? [] : [invalid(field, value, "must be a whole number, or a percentage such as 10%")];
}

function validatePriority({ priorityStrategy }: UpdateStrategy, parent: string): Cause[] {
  const path = `${parent}.priorityStrategy`;
  const { weightPriority = [], orderPriority = [] } = priorityStrategy ?? {};
  const causes: Cause[] = [];
  if (weightPriority.length > 0 && orderPriority.length > 0)
    causes.push(invalid(path, "weightPriority and orderPriority", "only one of them can be used"));
  weightPriority.forEach(({ weight, matchSelector }, index) => {
    const at = `${path}.weightPriority[${index}]`;
    if (!(weight >= 0 && weight <= 100)) causes.push(invalid(`${at}.weight`, weight, "must be between 0 and 100"));
    causes.push(...nonEmptySelector(matchSelector ?? {}, `${at}.matchSelector`));
  });
  orderPriority.forEach(({ orderedKey }, index) => {
    if (!orderedKey)
      causes.push({ reason: "FieldValueRequired", field: `${path}.orderPriority[${index}].orderedKey`, message: "Required value" });
  });
  return causes;
}

function validateScatter({ scatterStrategy = [] }: UpdateStrategy, parent: string): Cause[] {
  const seen = new Set<string>();
  return scatterStrategy.flatMap(({ key, value }, index): Cause[] => {
    const field = `${parent}.scatterStrategy[${index}]`;
    if (!key) return [{ reason: "FieldValueRequired", field: `${field}.key`, message: "Required value" }];
    const term = JSON.stringify([key, value]);
    if (seen.has(term)) return [{ reason: "FieldValueDuplicate", field, message: `Duplicate value: ${JSON.stringify(`${key}=${value}`)}` }];
    seen.add(term);
    return [];
  });
}

const HOW_TO_ALLOW = "allow it in ConfigMap kruise-configuration, key SidecarSet_PatchPodMetadata_WhiteList";

export function validatePatchPodMetadata(set: SidecarSet, whitelist: string | undefined): Cause[] {
  const patches = set.spec.patchPodMetadata ?? [];
  const causes: Cause[] = [];
  const seen = new Set<string>();
  patches.forEach(({ annotations, patchPolicy }, index) => {
    const path = `spec.patchPodMetadata[${index}]`;
    const keys = Object.keys(annotations ?? {});
    if (keys.length === 0)
      causes.push({ reason: "FieldValueRequired", field: `${path}.annotations`, message: "Required value: the annotations to set" });
    if (patchPolicy !== undefined && patchPolicy !== "" && !["Retain", "Overwrite", "MergePatchJson"].includes(patchPolicy)) {
      causes.push(unsupported(`${path}.patchPolicy`, patchPolicy, ["Retain", "Overwrite", "MergePatchJson"]));
    }
    for (const key of keys) {
      const field = `${path}.annotations[${key}]`;
      for (const problem of qualifiedNameProblems(key.toLowerCase())) causes.push(invalid(field, key, problem));
      if (seen.has(key)) causes.push({ reason: "FieldValueDuplicate", field, message: `Duplicate value: ${JSON.stringify(key)}` });
      seen.add(key);
    }
  });
  if (patches.length > 0 && causes.length === 0) causes.push(...notAllowed(set, whitelist));
  return causes;
}

function notAllowed(set: SidecarSet, whitelist: string | undefined): Cause[] {
  const path = "spec.patchPodMetadata";
  if (whitelist === undefined)
    return [{ reason: "FieldValueForbidden", field: path, message: `Forbidden: no annotation may be patched; ${HOW_TO_ALLOW}` }];
  let expressions: ((key: string) => boolean)[];
  try {
    const { rules = [] } = JSON.parse(whitelist) as { rules?: { selector?: LabelSelector; allowedAnnotationKeyExprs?: string[] }[] };
    const applying = rules.filter(({ selector }) => selector === undefined || labelSelector(selector).matches(set.metadata.labels ?? {}));
    expressions = applying.flatMap((rule) => (rule.allowedAnnotationKeyExprs ?? []).map((expression) => compilePattern(expression)));
  } catch (error) {
    return [
      {
        reason: "FieldValueForbidden",
        field: path,
        message: `Forbidden: SidecarSet_PatchPodMetadata_WhiteList cannot be used: ${(error as Error).message}`,
      },
    ];
  }
  return (set.spec.patchPodMetadata ?? []).flatMap(({ annotations }, index) =>
    Object.keys(annotations ?? {})
      .filter((key) => !expressions.some((fits) => fits(key)))
      .map((key) => ({
        reason: "FieldValueForbidden",
        field: `${path}[${index}].annotations[${key}]`,
        message: `Forbidden: this annotation may not be patched; ${HOW_TO_ALLOW}`,
      })),
  );
}

function invalid(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function unsupported(field: string, value: string, allowed: readonly string[]): Cause {
  return {
    reason: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${allowed.map((word) => JSON.stringify(word)).join(", ")}`,
  };
}
