import { type KubeObject, type Quantity, qualifiedNameProblems } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { type Fields, object, objects, text, textEntries } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { containerResourceName, overcommits, quantityOf, resourceName } from "./resources.ts";

export function findInResourceQuota(found: Findings, quota: KubeObject): void {
  for (const [name, amount] of textEntries(object(quota, "spec"), "hard")) {
    const path = `spec.hard[${name}]`;
    resourceName(found, name, path);
    quantityOf(found, name, readQuantity(found, amount, path), path);
  }
}

const AMOUNTS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

export function findInLimitRange(found: Findings, range: KubeObject): void {
  const seen = new Set<string>();
  for (const [index, limit] of objects(object(range, "spec"), "limits").entries()) {
    const path = `spec.limits[${index}]`;
    const type = text(limit, "type");
    const problems = qualifiedNameProblems(type);
    found.invalidEach(`${path}.type`, type, problems);
    if (problems.length === 0 && !type.includes("/") && !["Pod", "Container", "PersistentVolumeClaim"].includes(type)) {
      found.invalid(`${path}.type`, type, "must be a standard limit type or fully qualified");
    }
    if (seen.has(type)) found.duplicate(`${path}.type`, type);
    seen.add(type);
    findInLimit(found, limit, type, path);
  }
}

function findInLimit(found: Findings, limit: Fields, type: string, path: string): void {
  const amounts: Record<string, Map<string, Quantity>> = {};
  for (const field of AMOUNTS) {
    const forbidden = type === "Pod" && (field === "default" || field === "defaultRequest");
    const entries = textEntries(limit, field);
    if (forbidden && entries.length > 0) found.forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'");
    amounts[field] = new Map();
    if (forbidden) continue;
    for (const [name, value] of entries) {
      const at = `${path}.${field}[${name}]`;
      if (field === "maxLimitRequestRatio" && type === "PersistentVolumeClaim") requireStorage(found, amounts, path);
      if (type === "Pod" || type === "Container") containerResourceName(found, name, at);
      else resourceName(found, name, at);
      amounts[field].set(name, readQuantity(found, value, at));
    }
  }
  if (type === "PersistentVolumeClaim" && amounts["maxLimitRequestRatio"]?.size === 0) requireStorage(found, amounts, path);
  const names = new Set(AMOUNTS.flatMap((field) => [...(amounts[field]?.keys() ?? [])]));
  for (const name of [...names].sort()) {
    compareAmounts(found, name, (field) => amounts[field]?.get(name), path);
  }
}

function requireStorage(found: Findings, amounts: Record<string, Map<string, Quantity>>, path: string): void {
  if (amounts["min"]?.has("storage") || amounts["max"]?.has("storage")) return;
  found.required(`${path}.limits`, "either minimum or maximum storage value is required, but neither was provided");
}

function compareAmounts(found: Findings, name: string, amount: (field: string) => Quantity | undefined, path: string): void {
  const [min, max, preset, request] = ["min", "max", "default", "defaultRequest"].map(amount);
  const at = (field: string) => `${path}.${field}[${name}]`;
  const above = (a: Quantity | undefined, b: Quantity | undefined) => a !== undefined && b !== undefined && a.cmp(b) > 0;
  if (above(min, max)) found.invalid(at("min"), `${min}`, `min value ${min} is greater than max value ${max}`);
  if (above(min, request)) {
    found.invalid(at("defaultRequest"), `${request}`, `min value ${min} is greater than default request value ${request}`);
  }
  if (above(request, max)) {
    found.invalid(at("defaultRequest"), `${request}`, `default request value ${request} is greater than max value ${max}`);
  }
  if (above(request, preset)) {
    found.invalid(at("defaultRequest"), `${request}`, `default request value ${request} is greater than default limit value ${preset}`);
  }
  if (above(min, preset)) found.invalid(at("default"), `${min}`, `min value ${min} is greater than default value ${preset}`);
  if (above(preset, max)) found.invalid(at("default"), `${max}`, `default value ${preset} is greater than max value ${max}`);
  const ratio = amount("maxLimitRequestRatio");
  if (ratio && ratio.toNumber() < 1) found.invalid(at("maxLimitRequestRatio"), `${ratio}`, `ratio ${ratio} is less than 1`);
  if (ratio && min && max && ratio.toNumber() > max.toNumber() / min.toNumber()) {
    const bound = (max.toNumber() / min.toNumber()).toFixed(6);
    found.invalid(at("maxLimitRequestRatio"), `${ratio}`, `ratio ${ratio} is greater than max/min = ${bound}`);
  }
  if (!overcommits(name) && preset && request && preset.cmp(request) !== 0) {
    found.invalid(at("defaultRequest"), `${request}`, `default value ${preset} must equal to defaultRequest value ${request} in ${name}`);
  }
}
