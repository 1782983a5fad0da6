import { dns1035LabelProblems, dnsSubdomainProblems, type KubeObject, qualifiedNameProblems } from "@outrigger/kit/api";
import { type Fields, number, object, objects, optionalText, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { portProblems } from "./formats.ts";
import { findInSelector } from "./label-selectors.ts";

/** What is wrong with a CEL expression of a match condition; "" where it compiles. */
export type ExpressionProblem = (expression: string) => string;

const REVIEW_VERSIONS = ["v1", "v1beta1"];

/**
 * A Mutating- or ValidatingWebhookConfiguration (`pkg/apis/admissionregistration/validation`).
 *
 * @param expressionProblem Compiles match conditions; without it they are taken to be right.
 */
export function findInWebhookConfiguration(found: Findings, configuration: KubeObject, expressionProblem?: ExpressionProblem): void {
  const names = new Set<string>();
  for (const [index, hook] of objects(configuration, "webhooks").entries()) {
    const path = `webhooks[${index}]`;
    findInWebhook(found, hook, path, expressionProblem);
    findInReviewVersions(found, texts(hook, "admissionReviewVersions"), `${path}.admissionReviewVersions`);
    const name = text(hook, "name");
    if (name !== "" && names.has(name)) found.duplicate(`${path}.name`, name);
    names.add(name);
  }
}

function findInWebhook(found: Findings, hook: Fields, path: string, expressionProblem: ExpressionProblem | undefined): void {
  findInQualifiedDomain(found, text(hook, "name"), `${path}.name`);
  objects(hook, "rules").forEach((rule, index) => {
    findInRule(found, rule, `${path}.rules[${index}]`);
  });
  choice(found, hook, path, "failurePolicy", ["Fail", "Ignore"]);
  choice(found, hook, path, "matchPolicy", ["Equivalent", "Exact"]);
  if (optionalText(hook, "sideEffects") === undefined) found.required(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun");
  choice(found, hook, path, "sideEffects", ["None", "NoneOnDryRun"]);
  const timeout = number(hook, "timeoutSeconds");
  if (timeout !== undefined && (timeout > 30 || timeout < 1)) {
    found.invalid(`${path}.timeoutSeconds`, timeout, "the timeout value must be between 1 and 30 seconds");
  }
  findInSelector(found, hook, "namespaceSelector", `${path}.namespaceSelector`);
  findInSelector(found, hook, "objectSelector", `${path}.objectSelector`);
  choice(found, hook, path, "reinvocationPolicy", ["IfNeeded", "Never"]);
  findInClientConfig(found, object(hook, "clientConfig") ?? {}, `${path}.clientConfig`);
  findInMatchConditions(found, objects(hook, "matchConditions"), `${path}.matchConditions`, expressionProblem);
}

export function choice(found: Findings, holder: Fields, path: string, field: string, supported: readonly string[]): void {
  const value = optionalText(holder, field);
  if (value !== undefined && !supported.includes(value)) found.notSupported(`${path}.${field}`, value, supported);
}

function findInQualifiedDomain(found: Findings, name: string, path: string): void {
  if (name === "") {
    found.required(path);
    return;
  }
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0) found.invalid(path, name, problems.join(","));
  else if (name.split(".").length < 3) {
    found.invalid(path, name, "should be a domain with at least three segments separated by dots");
  }
}

export function findInRule(found: Findings, rule: Fields, path: string): void {
  const supported = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
  findInWildcards(found, texts(rule, "operations"), `${path}.operations`, "operations");
  texts(rule, "operations").forEach((operation, index) => {
    if (!supported.includes(operation)) found.notSupported(`${path}.operations[${index}]`, operation, supported);
  });
  findInWildcards(found, texts(rule, "apiGroups"), `${path}.apiGroups`, "API groups");
  findInWildcards(found, texts(rule, "apiVersions"), `${path}.apiVersions`, "API versions");
  texts(rule, "apiVersions").forEach((version, index) => {
    if (version === "") found.required(`${path}.apiVersions[${index}]`);
  });
  findInResources(found, texts(rule, "resources"), `${path}.resources`);
  choice(found, rule, path, "scope", ["*", "Cluster", "Namespaced"]);
}

function findInWildcards(found: Findings, values: readonly string[], path: string, what: string): void {
  if (values.length === 0) found.required(path);
  else if (values.length > 1 && values.includes("*")) found.invalid(path, values, `if '*' is present, must not specify other ${what}`);
}

function findInResources(found: Findings, resources: readonly string[], path: string): void {
  if (resources.length === 0) found.required(path);
  const allSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  for (const [index, each] of resources.entries()) {
    if (each === "") found.required(`${path}[${index}]`);
    const slash = each.indexOf("/");
    if (slash < 0) continue;
    const [resource, subresource] = [each.slice(0, slash), each.slice(slash + 1)];
    if (allSubresources.has(resource)) found.invalid(`${path}[${index}]`, each, `if '${resource}/*' is present, must not specify ${each}`);
    if (ofAllResources.has(subresource)) {
      found.invalid(`${path}[${index}]`, each, `if '*/${subresource}' is present, must not specify ${each}`);
    }
    if (subresource === "*") allSubresources.add(resource);
    if (resource === "*") ofAllResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    found.invalid(path, resources, "if '*/*' is present, must not specify other resources");
  }
  if (resources.includes("*") && resources.some((each) => each !== "*" && !each.includes("/"))) {
    found.invalid(path, resources, "if '*' is present, must not specify other resources without subresources");
  }
}

function findInClientConfig(found: Findings, config: Fields, path: string): void {
  const url = optionalText(config, "url");
  const service = object(config, "service");
  if ((url === undefined) === (service === undefined)) found.required(path, "exactly one of url or service is required");
  else if (url !== undefined) findInUrl(found, url, `${path}.url`);
  else if (service) findInServiceReference(found, service, `${path}.service`);
}

const URL_FORM = "; desired format: https://host[/path]";

function findInUrl(found: Findings, url: string, path: string): void {
  if (url.startsWith(":")) {
    found.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: missing protocol scheme${URL_FORM}`);
    return;
  }
  if (!URL.canParse(url) && !/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    found.invalid(path, "", `'https' is the only allowed URL scheme${URL_FORM}`);
    found.invalid(path, "", `host must be specified${URL_FORM}`);
    return;
  }
  if (!URL.canParse(url)) {
    found.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URL${URL_FORM}`);
    return;
  }
  const { protocol, host, username, password, hash, search } = new URL(url);
  if (protocol !== "https:") found.invalid(path, protocol.slice(0, -1), `'https' is the only allowed URL scheme${URL_FORM}`);
  if (host === "") found.invalid(path, host, `host must be specified${URL_FORM}`);
  if (username !== "" || password !== "") {
    found.invalid(path, password === "" ? username : `${username}:${password}`, "user information is not permitted in the URL");
  }
  if (hash.length > 1) found.invalid(path, hash.slice(1), "fragments are not permitted in the URL");
  if (search.length > 1) found.invalid(path, search.slice(1), "query parameters are not permitted in the URL");
}

function findInServiceReference(found: Findings, service: Fields, path: string): void {
  // Kubernetes hands the two over in the wrong order: a missing name is reported as a missing namespace.
  if (text(service, "namespace") === "") found.required(`${path}.name`);
  if (text(service, "name") === "") found.required(`${path}.namespace`);
  const port = number(service, "port") ?? 0;
  const problems = portProblems(port);
  if (problems.length > 0) found.invalid(`${path}.port`, port, `port is not valid: ${problems.join(", ")}`);
  const urlPath = text(service, "path");
  const at = `${path}.path`;
  if (urlPath === "" || urlPath === "/") return;
  if (urlPath === "//") {
    found.invalid(at, urlPath, "segment[0] may not be empty");
    return;
  }
  if (!urlPath.startsWith("/")) found.invalid(at, urlPath, "must start with a '/'");
  for (const [index, segment] of urlPath.slice(1).replace(/\/$/, "").split("/").entries()) {
    if (segment === "") found.invalid(at, urlPath, `segment[${index}] may not be empty`);
    else for (const problem of dnsSubdomainProblems(segment)) found.invalid(at, urlPath, `segment[${index}]: ${problem}`);
  }
}

function findInReviewVersions(found: Findings, versions: readonly string[], path: string): void {
  if (versions.length === 0) {
    found.required(path, `must specify one of ${REVIEW_VERSIONS.join(", ")}`);
    return;
  }
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) found.invalid(`${path}[${index}]`, version, "duplicate version");
    else found.invalidEach(`${path}[${index}]`, version, dns1035LabelProblems(version));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    found.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`);
  }
}

export function findInMatchConditions(
  found: Findings,
  conditions: readonly Fields[],
  path: string,
  expressionProblem: ExpressionProblem | undefined,
): void {
  if (conditions.length > 64) found.tooMany(path, conditions.length, 64);
  const names = new Set<string>();
  for (const [index, condition] of conditions.entries()) {
    const at = `${path}[${index}]`;
    const expression = text(condition, "expression").trim();
    const name = text(condition, "name");
    const problem = expression === "" ? "" : (expressionProblem?.(expression) ?? "");
    if (expression === "") found.required(`${at}.expression`);
    else if (problem !== "") found.invalid(`${at}.expression`, expression, problem);
    if (name === "") found.required(`${at}.name`);
    else {
      found.invalidEach(`${at}.name`, name, qualifiedNameProblems(name));
      if (names.has(name)) found.duplicate(`${at}.name`, name);
      names.add(name);
    }
  }
}
