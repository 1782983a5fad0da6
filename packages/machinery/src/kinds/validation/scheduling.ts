import { dnsLabelProblems, labelValueProblems, qualifiedNameProblems } from "@outrigger/kit/api";
import { type Fields, number, object, objects, optionalText, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";
import { goStruct } from "./go-struct.ts";
import { findInLabelKeys, findInSelector } from "./label-selectors.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

export function findInAffinity(found: Findings, affinity: Fields | undefined, path: string): void {
  if (!affinity) return;
  const nodes = object(affinity, "nodeAffinity");
  const required = object(nodes, REQUIRED);
  if (required) findInNodeSelector(found, required, `${path}.nodeAffinity.${REQUIRED}`);
  for (const [index, term] of objects(nodes, PREFERRED).entries()) {
    const at = `${path}.nodeAffinity.${PREFERRED}[${index}]`;
    findInWeight(found, term, at);
    findInNodeSelectorTerm(found, object(term, "preference") ?? {}, `${at}.preference`, false);
  }
  for (const kind of ["podAffinity", "podAntiAffinity"]) {
    const pods = object(affinity, kind);
    for (const [index, term] of objects(pods, REQUIRED).entries()) findInPodTerm(found, term, `${path}.${kind}.${REQUIRED}[${index}]`);
    for (const [index, term] of objects(pods, PREFERRED).entries()) {
      const at = `${path}.${kind}.${PREFERRED}[${index}]`;
      findInWeight(found, term, at);
      findInPodTerm(found, object(term, "podAffinityTerm") ?? {}, `${at}.podAffinityTerm`);
    }
  }
}

function findInWeight(found: Findings, term: Fields, path: string): void {
  const weight = number(term, "weight") ?? 0;
  if (weight <= 0 || weight > 100) found.invalid(`${path}.weight`, weight, "must be in the range 1-100");
}

function findInPodTerm(found: Findings, term: Fields, path: string): void {
  findInSelector(found, term, "labelSelector", `${path}.labelSelector`);
  findInSelector(found, term, "namespaceSelector", `${path}.namespaceSelector`);
  for (const namespace of texts(term, "namespaces")) found.invalidEach(`${path}.namespace`, namespace, dnsLabelProblems(namespace));
  findInLabelKeys(found, term, path);
  const key = text(term, "topologyKey");
  if (key === "") found.required(`${path}.topologyKey`, "can not be empty");
  found.invalidEach(`${path}.topologyKey`, key, qualifiedNameProblems(key));
}

export function findInNodeSelector(found: Findings, selector: Fields, path: string): void {
  const terms = objects(selector, "nodeSelectorTerms");
  if (terms.length === 0) found.required(`${path}.nodeSelectorTerms`, "must have at least one node selector term");
  for (const [index, term] of terms.entries()) findInNodeSelectorTerm(found, term, `${path}.nodeSelectorTerms[${index}]`, true);
}

/** @param values Whether values must be label values; what is only preferred may name others. */
function findInNodeSelectorTerm(found: Findings, term: Fields, path: string, values: boolean): void {
  for (const [index, requirement] of objects(term, "matchExpressions").entries()) {
    findInExpression(found, requirement, `${path}.matchExpressions[${index}]`, values);
  }
  for (const [index, requirement] of objects(term, "matchFields").entries()) {
    findInFieldExpression(found, requirement, `${path}.matchFields[${index}]`);
  }
}

function findInExpression(found: Findings, requirement: Fields, path: string, labelValues: boolean): void {
  const operator = text(requirement, "operator");
  const values = texts(requirement, "values");
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) found.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) found.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) found.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else found.invalid(`${path}.operator`, operator, "not a valid selector operator");
  const key = text(requirement, "key");
  found.invalidEach(`${path}.key`, key, qualifiedNameProblems(key));
  if (labelValues)
    values.forEach((value, index) => {
      found.invalidEach(`${path}.values[${index}]`, value, labelValueProblems(value));
    });
}

function findInFieldExpression(found: Findings, requirement: Fields, path: string): void {
  const operator = text(requirement, "operator");
  const values = texts(requirement, "values");
  if (operator === "In" || operator === "NotIn") {
    if (values.length !== 1) {
      found.required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    }
  } else found.invalid(`${path}.operator`, operator, "not a valid selector operator");
  const key = text(requirement, "key");
  if (key !== "metadata.name") found.invalid(`${path}.key`, key, "not a valid field selector key");
  else
    values.forEach((value, index) => {
      found.invalidEach(`${path}.values[${index}]`, value, subdomainName(value, false));
    });
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function findInTolerations(found: Findings, spec: Fields, path: string): void {
  for (const [index, toleration] of objects(spec, "tolerations").entries()) {
    const at = `${path}[${index}]`;
    const key = text(toleration, "key");
    const operator = text(toleration, "operator");
    const value = text(toleration, "value");
    const effect = text(toleration, "effect");
    if (key !== "") found.invalidEach(`${at}.key`, key, qualifiedNameProblems(key));
    if (key === "" && operator !== "Exists") {
      const problem = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      found.invalid(`${at}.operator`, operator, problem);
    }
    if (number(toleration, "tolerationSeconds") !== undefined && effect !== "NoExecute") {
      found.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (operator === "" || operator === "Equal") {
      const problems = labelValueProblems(value);
      if (problems.length > 0) found.invalid(`${at}.operator`, value, problems.join(";"));
    } else if (operator === "Exists") {
      if (value !== "") found.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'");
    } else if (operator === "Lt" || operator === "Gt") {
      found.notSupported(`${at}.operator`, operator, ["Equal", "Exists", "Lt", "Gt"]);
    } else found.notSupported(`${at}.operator`, operator, ["Equal", "Exists"]);
    if (effect !== "" && !EFFECTS.includes(effect)) found.notSupported(`${at}.effect`, effect, EFFECTS);
  }
}

/** @param path Kubernetes reports a Node's taints under `metadata.taints`. */
export function findInTaints(found: Findings, spec: Fields | undefined, path: string): void {
  const seen = new Set<string>();
  for (const [index, taint] of objects(spec, "taints").entries()) {
    const at = `${path}[${index}]`;
    const key = text(taint, "key");
    const effect = text(taint, "effect");
    found.invalidEach(`${at}.key`, key, qualifiedNameProblems(key));
    const problems = labelValueProblems(text(taint, "value"));
    if (problems.length > 0) found.invalid(`${at}.value`, text(taint, "value"), problems.join(";"));
    found.oneOf(`${at}.effect`, effect, EFFECTS);
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) found.duplicate(at, goStruct("Taint", taint), "taints must be unique by key and effect pair");
    seen.add(identity);
  }
}

export function findInSpreadConstraints(found: Findings, spec: Fields, path: string): void {
  const constraints = objects(spec, "topologySpreadConstraints");
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`;
    const skew = number(constraint, "maxSkew") ?? 0;
    const key = text(constraint, "topologyKey");
    const action = text(constraint, "whenUnsatisfiable");
    if (skew <= 0) found.invalid(`${at}.maxSkew`, skew, "must be greater than zero");
    if (key === "") found.required(`${at}.topologyKey`, "can not be empty");
    if (action !== "DoNotSchedule" && action !== "ScheduleAnyway") {
      found.notSupported(`${at}.whenUnsatisfiable`, action, ["DoNotSchedule", "ScheduleAnyway"]);
    }
    if (constraints.slice(index + 1).some((other) => text(other, "topologyKey") === key && text(other, "whenUnsatisfiable") === action)) {
      found.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${key}, ${action}}`);
    }
    const domains = number(constraint, "minDomains");
    if (domains !== undefined && domains <= 0) found.invalid(`${at}.minDomains`, domains, "must be greater than zero");
    if (domains !== undefined && action !== "DoNotSchedule") {
      found.invalid(`${at}.minDomains`, domains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`);
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"]) {
      const policy = optionalText(constraint, field);
      if (policy !== undefined && policy !== "Honor" && policy !== "Ignore")
        found.notSupported(`${at}.${field}`, policy, ["Honor", "Ignore"]);
    }
    findInLabelKeys(found, constraint, at);
    findInSelector(found, constraint, "labelSelector", `${at}.labelSelector`);
  }
}
