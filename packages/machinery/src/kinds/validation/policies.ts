import type { KubeObject } from "@outrigger/kit/api";
import { number, object, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { goStruct } from "./go-struct.ts";
import { findInSelector } from "./label-selectors.ts";
import { atMostAll, findInIntOrPercent } from "./workloads.ts";

export function findInDisruptionBudget(found: Findings, budget: KubeObject): void {
  const spec = object(budget, "spec") ?? {};
  const bounds = ["minAvailable", "maxUnavailable"].filter((field) => spec[field] !== undefined && spec[field] !== null);
  if (bounds.length === 2) {
    found.invalid("spec", goStruct("PodDisruptionBudgetSpec", spec), "minAvailable and maxUnavailable cannot be both set");
  }
  for (const field of bounds) {
    findInIntOrPercent(found, spec[field], `spec.${field}`);
    atMostAll(found, spec[field], `spec.${field}`);
  }
  findInSelector(found, spec, "selector", "spec.selector");
  const eviction = optionalText(spec, "unhealthyPodEvictionPolicy");
  const supported = ["AlwaysAllow", "IfHealthyBudget"];
  if (eviction !== undefined && !supported.includes(eviction)) found.notSupported("spec.unhealthyPodEvictionPolicy", eviction, supported);
}

export function findInLease(found: Findings, lease: KubeObject): void {
  const spec = object(lease, "spec") ?? {};
  const duration = number(spec, "leaseDurationSeconds");
  if (duration !== undefined && duration <= 0) found.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
  found.nonNegative("spec.leaseTransitions", number(spec, "leaseTransitions"));
  const strategy = optionalText(spec, "strategy") ?? "";
  if (text(spec, "preferredHolder") !== "" && strategy === "") {
    found.forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined");
  }
}

export function findInScale(found: Findings, scale: KubeObject): void {
  found.nonNegative("spec.replicas", number(object(scale, "spec"), "replicas"));
}

const HIGHEST_USER_PRIORITY = 1_000_000_000;

export function findInPriorityClass(found: Findings, priority: KubeObject): void {
  const value = number(priority, "value") ?? 0;
  const name = priority.metadata.name ?? "";
  const known: Readonly<Record<string, number>> = { "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000 };
  if (name.startsWith("system-")) {
    if (known[name] !== value) {
      const reason = `${name} is not a known system priority class`;
      found.forbidden("metadata.name", `priority class names with 'system-' prefix are reserved for system use only. error: ${reason}`);
    }
  } else if (value > HIGHEST_USER_PRIORITY) {
    found.forbidden("value", `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`);
  }
  const preemption = optionalText(priority, "preemptionPolicy");
  if (preemption !== undefined) found.oneOf("preemptionPolicy", preemption, ["PreemptLowerPriority", "Never"]);
}

export function findInPriorityClassUpdate(found: Findings, priority: KubeObject, old: KubeObject): void {
  if (priority["value"] !== old["value"]) found.forbidden("value", "may not be changed in an update.");
  if (priority["preemptionPolicy"] !== old["preemptionPolicy"]) {
    found.invalid("preemptionPolicy", priority["preemptionPolicy"], "field is immutable");
  }
}
