import { dnsLabelProblems, type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { type Fields, number, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";

/** A HorizontalPodAutoscaler; versions 1 and 2 differ in what they call metrics. */
export function findInAutoscaler(found: Findings, autoscaler: KubeObject): void {
  const spec = object(autoscaler, "spec") ?? {};
  const min = number(spec, "minReplicas");
  const max = number(spec, "maxReplicas") ?? 0;
  if (min !== undefined && min < 1) found.invalid("spec.minReplicas", min, "must be greater than or equal to 1");
  if (max === 0) found.required("spec.maxReplicas", "must be set and greater than 0");
  else if (max < 0) found.invalid("spec.maxReplicas", max, "must be greater than or equal to 1");
  if (min !== undefined && max < min) found.invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`");
  findInScaleTarget(found, object(spec, "scaleTargetRef") ?? {}, "spec.scaleTargetRef");
  const metrics = objects(spec, "metrics");
  for (const [index, metric] of metrics.entries()) findInMetric(found, metric, `spec.metrics[${index}]`);
  const external = metrics.some((metric) => ["Object", "External"].includes(text(metric, "type")));
  if (min === 0 && !external) {
    found.forbidden("spec.metrics", "must specify at least one Object or External metric to support scaling to zero replicas");
  }
  for (const direction of ["scaleUp", "scaleDown"]) {
    const rules = object(object(spec, "behavior"), direction);
    if (rules) findInScalingRules(found, rules, `spec.behavior.${direction}`);
  }
}

function findInScaleTarget(found: Findings, ref: Fields, path: string): void {
  for (const field of ["kind", "name"]) {
    const value = text(ref, field);
    if (value === "") found.required(`${path}.${field}`);
    else found.invalidEach(`${path}.${field}`, value, pathSegmentProblems(value));
  }
  const apiVersion = text(ref, "apiVersion");
  const parts = apiVersion.split("/");
  if (parts.length > 2) found.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else if (parts.length < 2 || parts[0] === "") found.invalid(`${path}.apiVersion`, apiVersion, "apiVersion must specify API group");
}

/** Types and the fields that hold them, in the order in which Kubernetes looks at the fields. */
const SOURCES: Readonly<Record<string, string>> = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
};
const UNFIT = "must populate information for the given metric source";

function findInMetric(found: Findings, metric: Fields, path: string): void {
  const type = text(metric, "type");
  const types = Object.keys(SOURCES).sort();
  const source = SOURCES[type];
  if (type === "") found.required(`${path}.type`, "must specify a metric source type");
  if (source === undefined) found.notSupported(`${path}.type`, type, types);
  const present = Object.values(SOURCES).filter((field) => object(metric, field));
  const [first] = present;
  if (first !== undefined) findInSource(found, first, object(metric, first) ?? {}, `${path}.${first}`);
  if (source === undefined) found.notSupported(`${path}.type`, type, types);
  else if (!object(metric, source)) found.required(`${path}.${source}`, UNFIT);
  if (present.length === 1) return;
  for (const field of present.sort())
    if (field !== source) found.forbidden(`${path}.${field}`, "must populate the given metric source only");
}

function findInSource(found: Findings, kind: string, source: Fields, path: string): void {
  const target = object(source, "target") ?? {};
  const has = (field: string) => target[field] !== undefined && target[field] !== null;
  if (kind === "object") findInScaleTarget(found, object(source, "describedObject") ?? {}, `${path}.describedObject`);
  if (kind === "resource" || kind === "containerResource") {
    if (text(source, "name") === "") found.required(`${path}.name`, "must specify a resource name");
    if (kind === "containerResource") {
      const container = text(source, "container");
      if (container === "") found.required(`${path}.container`, "must specify a container");
      else found.invalidEach(`${path}.container`, container, dnsLabelProblems(container));
    }
    findInTarget(found, target, `${path}.target`);
    if (!has("averageUtilization") && !has("averageValue")) {
      found.required(`${path}.target.averageUtilization`, "must set either a target raw value or a target utilization");
    }
    if (has("averageUtilization") && has("averageValue")) {
      found.forbidden(`${path}.target.averageValue`, "may not set both a target raw value and a target utilization");
    }
    return;
  }
  const name = text(object(source, "metric"), "name");
  if (name === "") found.required(`${path}.metric.name`, "must specify a metric name");
  else found.invalidEach(`${path}.metric.name`, name, pathSegmentProblems(name));
  findInTarget(found, target, `${path}.target`);
  const at = `${path}.target.averageValue`;
  if (kind === "pods") {
    if (!has("averageValue")) found.required(at, "must specify a positive target averageValue");
  } else if (!has("value") && !has("averageValue")) {
    const what = kind === "object" ? "value or averageValue" : "value for metric or a per-pod target";
    found.required(at, `must set either a target ${what}`);
  } else if (kind === "external" && has("value") && has("averageValue")) {
    found.forbidden(`${path}.target.value`, "may not set both a target value for metric and a per-pod target");
  }
}

function findInTarget(found: Findings, target: Fields, path: string): void {
  const type = text(target, "type");
  if (type === "") found.required(`${path}.type`, "must specify a metric target type");
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    found.invalid(`${path}.type`, type, "must be either Utilization, Value, or AverageValue");
  }
  for (const field of ["value", "averageValue"]) {
    if (target[field] === undefined || target[field] === null) continue;
    const amount = readQuantity(found, target[field], `${path}.${field}`);
    if (amount.sign !== 1) found.invalid(`${path}.${field}`, amount.toString(), "must be positive");
  }
  const utilization = number(target, "averageUtilization");
  if (utilization !== undefined && utilization < 1) found.invalid(`${path}.averageUtilization`, utilization, "must be greater than 0");
}

/** Seconds. */
const MAX_WINDOW = 3600;
const MAX_PERIOD = 1800;

function findInScalingRules(found: Findings, rules: Fields, path: string): void {
  const window = number(rules, "stabilizationWindowSeconds");
  const at = `${path}.stabilizationWindowSeconds`;
  if (window !== undefined && window < 0) found.invalid(at, window, "must be greater than or equal to zero");
  if (window !== undefined && window > MAX_WINDOW) found.invalid(at, window, `must be less than or equal to ${MAX_WINDOW}`);
  const select = optionalText(rules, "selectPolicy");
  const supported = ["Disabled", "Max", "Min"];
  if (select !== undefined && !supported.includes(select)) found.notSupported(`${path}.selectPolicy`, select, supported);
  const policies = objects(rules, "policies");
  if (policies.length === 0) found.required(`${path}.policies`, "must specify at least one Policy");
  for (const [index, policy] of policies.entries()) {
    const place = `${path}.policies[${index}]`;
    const type = text(policy, "type");
    const [value, period] = [number(policy, "value") ?? 0, number(policy, "periodSeconds") ?? 0];
    if (type !== "Pods" && type !== "Percent") found.notSupported(`${place}.type`, type, ["Percent", "Pods"]);
    if (value <= 0) found.invalid(`${place}.value`, value, "must be greater than zero");
    if (period <= 0) found.invalid(`${place}.periodSeconds`, period, "must be greater than zero");
    if (period > MAX_PERIOD) found.invalid(`${place}.periodSeconds`, period, `must be less than or equal to ${MAX_PERIOD}`);
  }
  const tolerance = rules["tolerance"];
  if (tolerance === undefined || tolerance === null) return;
  const amount = readQuantity(found, tolerance, `${path}.tolerance`);
  if (amount.sign < 0) found.invalid(`${path}.tolerance`, amount.toString(), "must be greater than or equal to 0");
}
