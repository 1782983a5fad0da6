import { type Cause, Quantity, qualifiedNameProblems } from "@outrigger/kit/api";
import { type Expression, ExpressionError, isNegative } from "./expression.ts";
import { hotUpgradeNames } from "./hot-upgrade.ts";
import { compileResourcesPolicy } from "./resources-policy.ts";
import type { ResourcesPolicy, SidecarContainer, SidecarSetSpec, TransferEnv } from "./set.ts";

/** What kruise adds to a container, of containers and init containers alike. */
export function validateSidecars(spec: SidecarSetSpec): Cause[] {
  return (["containers", "initContainers"] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((container, index) => validateSidecar(container, `spec.${list}[${index}]`, list === "initContainers", spec)),
  );
}

function validateSidecar(container: SidecarContainer, path: string, init: boolean, spec: SidecarSetSpec): Cause[] {
  const causes: Cause[] = [];
  const oneOf = (field: string, value: string | undefined, allowed: readonly string[]): void => {
    if (value === undefined || value === "" || allowed.includes(value)) return;
    causes.push({
      reason: "FieldValueNotSupported",
      field: `${path}.${field}`,
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${allowed.map((word) => JSON.stringify(word)).join(", ")}`,
    });
  };
  oneOf("podInjectPolicy", container.podInjectPolicy, ["BeforeAppContainer", "AfterAppContainer"]);
  oneOf("shareVolumePolicy.type", container.shareVolumePolicy?.type, ["enabled", "disabled"]);
  oneOf("shareVolumeDevicePolicy.type", container.shareVolumeDevicePolicy?.type, ["enabled", "disabled"]);
  oneOf("upgradeStrategy.upgradeType", container.upgradeStrategy?.upgradeType, ["ColdUpgrade", "HotUpgrade"]);
  if (container.upgradeStrategy?.upgradeType === "HotUpgrade") causes.push(...validateHotUpgrade(container, path, spec));
  container.transferEnv?.forEach((transfer, index) => {
    causes.push(...validateTransferEnv(transfer, `${path}.transferEnv[${index}]`));
  });
  if (container.resourcesPolicy !== undefined)
    causes.push(...validateResourcesPolicy(container, container.resourcesPolicy, `${path}.resourcesPolicy`, init));
  return causes;
}

function validateHotUpgrade(container: SidecarContainer, path: string, spec: SidecarSetSpec): Cause[] {
  const causes: Cause[] = [];
  if (!container.upgradeStrategy?.hotUpgradeEmptyImage) {
    causes.push({
      reason: "FieldValueRequired",
      field: `${path}.upgradeStrategy.hotUpgradeEmptyImage`,
      message: "Required value: HotUpgrade needs the image of the idle container",
    });
  }
  if (container.name.length > 61)
    causes.push(invalid(`${path}.name`, container.name, "HotUpgrade adds -1 and -2: it must have at most 61 characters"));
  for (const made of hotUpgradeNames(container.name)) {
    const other = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].find(({ name }) => name === made);
    if (other !== undefined)
      causes.push(
        invalid(
          `${path}.name`,
          container.name,
          `HotUpgrade makes a container ${other.name} of it, and there is one of this name; rename one of them`,
        ),
      );
  }
  return causes;
}

function validateTransferEnv({ sourceContainerNameFrom }: TransferEnv, path: string): Cause[] {
  if (sourceContainerNameFrom === undefined) return [];
  const { fieldRef } = sourceContainerNameFrom;
  const field = `${path}.sourceContainerNameFrom.fieldRef`;
  if (fieldRef === undefined)
    return [
      {
        reason: "FieldValueRequired",
        field,
        message: "Required value: say which label or annotation names the container, or use sourceContainerName",
      },
    ];
  const { fieldPath, apiVersion } = fieldRef;
  if (apiVersion && apiVersion !== "v1") return [invalid(`${field}.apiVersion`, apiVersion, "pods have v1 alone; leave it out")];
  if (!fieldPath)
    return [
      {
        reason: "FieldValueRequired",
        field: `${field}.fieldPath`,
        message: "Required value: metadata.labels['<key>'] or metadata.annotations['<key>']",
      },
    ];
  const match = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (match === null)
    return [invalid(`${field}.fieldPath`, fieldPath, "only metadata.labels['<key>'] and metadata.annotations['<key>'] are supported")];
  const key = match[1] === "annotations" ? match[2]!.toLowerCase() : match[2]!;
  return qualifiedNameProblems(key).map((problem) => invalid(`${field}.fieldPath`, fieldPath, problem));
}

function validateResourcesPolicy(container: SidecarContainer, policy: ResourcesPolicy, path: string, init: boolean): Cause[] {
  const causes: Cause[] = [];
  const { limits, requests } = (container["resources"] ?? {}) as { limits?: object; requests?: object };
  if (Object.keys({ ...limits, ...requests }).length > 0)
    causes.push({ reason: "FieldValueForbidden", field: path, message: "Forbidden: not together with resources; leave one of them out" });
  if (init && container.restartPolicy !== "Always")
    causes.push({ reason: "FieldValueForbidden", field: path, message: "Forbidden: only containers and native sidecars can have it" });
  const mode = policy.targetContainersMode;
  if (mode === undefined)
    causes.push({ reason: "FieldValueRequired", field: `${path}.targetContainersMode`, message: "Required value: sum or max" });
  else if (mode !== "sum" && mode !== "max") {
    causes.push({
      reason: "FieldValueNotSupported",
      field: `${path}.targetContainersMode`,
      message: `Unsupported value: ${JSON.stringify(mode)}: supported values: "sum", "max"`,
    });
  }
  if (policy.targetContainersNameRegex === "")
    causes.push({
      reason: "FieldValueRequired",
      field: `${path}.targetContainersNameRegex`,
      message: "Required value: .* fits every container",
    });
  const { resourcesExpr } = policy;
  if (resourcesExpr?.limits === undefined && resourcesExpr?.requests === undefined) {
    causes.push({
      reason: "FieldValueRequired",
      field: `${path}.resourcesExpr`,
      message: "Required value: at least one of limits and requests",
    });
  }
  try {
    compileResourcesPolicy({ ...policy, resourcesExpr: {} });
  } catch (error) {
    causes.push(invalid(`${path}.targetContainersNameRegex`, policy.targetContainersNameRegex, (error as Error).message));
  }
  for (const list of ["limits", "requests"] as const) {
    for (const resource of ["cpu", "memory"] as const) {
      const text = resourcesExpr?.[list]?.[resource];
      if (text === undefined || text === "") continue;
      try {
        const [expression] = compileResourcesPolicy({ resourcesExpr: { [list]: { [resource]: text } } }).expressions;
        judge(expression!.evaluate, resource);
      } catch (error) {
        causes.push(invalid(`${path}.resourcesExpr.${list}.${resource}`, text, (error as Error).message));
      }
    }
  }
  return causes;
}

/** @throws {ExpressionError} where an expression has no value for any pod, or a negative one for 1, by which kruise tries it */
function judge(evaluate: Expression, variable: string): void {
  if (isNegative(evaluate(1)))
    throw new ExpressionError(`negative for ${variable} = 1; write max(…, 0), or a smaller amount where small pods are not to be refused`);
  evaluate(Quantity.of(1));
}

function invalid(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}
