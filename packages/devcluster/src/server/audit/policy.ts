import { readFile } from "node:fs/promises";
import { ClusterFileError } from "../token-file.ts";

/** How much of a request is written, each with what those before have. */
export const levels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof levels)[number];
export type Stage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

/** What a request is to a policy. */
export interface Audited {
  readonly verb: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  /** With the subresource: `pods/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}
/** What a policy says of a request. */
export interface Verdict {
  readonly level: Level;
  readonly omitStages: ReadonlySet<string>;
  readonly omitManagedFields: boolean;
}
export type AuditPolicy = (request: Audited) => Verdict;

interface Rule {
  level: Level;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: { group?: string; resources?: string[]; resourceNames?: string[] }[];
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}
interface Policy {
  apiVersion?: string;
  kind?: string;
  rules?: Rule[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

const stages = new Set(["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]);
const ruleFields = new Set([
  ...["level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields"],
]);

/** Each request with its metadata: what applies where no policy is given. */
export const metadataPolicy: AuditPolicy = () => ({ level: "Metadata", omitStages: new Set(), omitManagedFields: false });

/**
 * Reads an `audit.k8s.io/v1 Policy`: the first rule that a request matches says how much of it is written, and a request
 * that matches none is not (`k8s.io/apiserver/pkg/audit/policy`).
 *
 * @throws ClusterFileError that names the field that makes no sense.
 */
export async function readAuditPolicy(path: string): Promise<AuditPolicy> {
  const { parse } = await import("yaml");
  let policy: Policy;
  try {
    policy = (parse(await readFile(path, "utf8")) ?? {}) as Policy;
  } catch (error) {
    throw new ClusterFileError(`cannot read the audit policy ${path}: ${(error as Error).message}`, { cause: error });
  }
  const refuse = (why: string): never => {
    throw new ClusterFileError(`${path}: ${why}`);
  };
  if (policy.apiVersion !== "audit.k8s.io/v1" || policy.kind !== "Policy") refuse("an audit policy is an audit.k8s.io/v1 Policy");
  const { rules = [], omitStages = [], omitManagedFields = false } = policy;
  if (rules.length === 0) refuse("rules: a policy without rules writes nothing");
  for (const [at, stage] of omitStages.entries()) if (!stages.has(stage)) refuse(`omitStages[${at}]: there is no stage ${stage}`);
  for (const [index, rule] of rules.entries()) {
    const where = `rules[${index}]`;
    for (const field of Object.keys(rule)) if (!ruleFields.has(field)) refuse(`${where}: unknown field ${field}`);
    if (!levels.includes(rule.level)) refuse(`${where}.level: ${rule.level ?? "missing"}, must be one of ${levels.join(", ")}`);
    for (const stage of rule.omitStages ?? []) if (!stages.has(stage)) refuse(`${where}.omitStages: there is no stage ${stage}`);
    if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length))
      refuse(`${where}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
  }
  return (request) => {
    const rule = rules.find((one) => matches(one, request));
    return {
      level: rule?.level ?? "None",
      omitStages: new Set([...omitStages, ...(rule?.omitStages ?? [])]),
      omitManagedFields: rule?.omitManagedFields ?? omitManagedFields,
    };
  };
}

const named = (list: readonly string[] | undefined, value: string): boolean => !list?.length || list.includes(value);

function matches(rule: Rule, request: Audited): boolean {
  if (!named(rule.users, request.user) || !named(rule.verbs, request.verb)) return false;
  if (rule.userGroups?.length && !rule.userGroups.some((group) => request.groups.includes(group))) return false;
  if (rule.namespaces?.length || rule.resources?.length) {
    if (!request.isResource || !named(rule.namespaces, request.namespace)) return false;
    return !rule.resources?.length || rule.resources.some((one) => matchesResource(one, request));
  }
  if (rule.nonResourceURLs?.length) {
    return !request.isResource && rule.nonResourceURLs.some((url) => matchesPath(url, request.path));
  }
  return true;
}

function matchesResource(rule: NonNullable<Rule["resources"]>[number], { group, resource, name }: Audited): boolean {
  if ((rule.group ?? "") !== group || !named(rule.resourceNames, name)) return false;
  if (!rule.resources?.length) return true;
  const [plural = "", subresource] = resource.split("/");
  return rule.resources.some(
    (one) => one === "*" || one === resource || (subresource !== undefined && (one === `${plural}/*` || one === `*/${subresource}`)),
  );
}

function matchesPath(url: string, path: string): boolean {
  return url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));
}
