import { readFile } from "node:fs/promises";
import { matchesPath } from "../authorize.ts";
import { ClusterFileError } from "../cluster-file.ts";

/** How much of a request is written; each level includes the levels before it. */
const levels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof levels)[number];
const stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof stages)[number];

/** The attributes of a request that rules match. */
export interface Audited {
  readonly verb: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  /** "" where there is none. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}
/** How much of a request is written. */
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

const ruleFields = new Set([
  ...["level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields"],
]);

const NOTHING: Verdict = { level: "None", omitStages: new Set(), omitManagedFields: false };
const METADATA: Verdict = { ...NOTHING, level: "Metadata" };

/** Writes the metadata of each request: the policy where none is given. */
export const metadataPolicy: AuditPolicy = () => METADATA;

/**
 * Reads an `audit.k8s.io/v1 Policy`: the first rule that a request matches says how much of it is written; a request that
 * matches no rule is not written (`k8s.io/apiserver/pkg/audit/policy`).
 *
 * @throws ClusterFileError when the file cannot be read or a field is invalid; the message names the field.
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
  for (const [at, stage] of omitStages.entries()) if (!stages.includes(stage)) refuse(`omitStages[${at}]: there is no stage ${stage}`);
  for (const [index, rule] of rules.entries()) {
    const where = `rules[${index}]`;
    for (const field of Object.keys(rule)) if (!ruleFields.has(field)) refuse(`${where}: unknown field ${field}`);
    if (!levels.includes(rule.level)) refuse(`${where}.level: ${rule.level ?? "missing"}, must be one of ${levels.join(", ")}`);
    for (const stage of rule.omitStages ?? []) if (!stages.includes(stage)) refuse(`${where}.omitStages: there is no stage ${stage}`);
    if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length))
      refuse(`${where}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
  }
  const judged = rules.map((rule) => ({
    rule,
    verdict: {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  }));
  return (request) => judged.find(({ rule }) => matches(rule, request))?.verdict ?? NOTHING;
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

function matchesResource(rule: NonNullable<Rule["resources"]>[number], { group, resource, subresource, name }: Audited): boolean {
  if ((rule.group ?? "") !== group || !named(rule.resourceNames, name)) return false;
  if (!rule.resources?.length) return true;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  return rule.resources.some(
    (one) => one === "*" || one === full || (subresource !== "" && (one === `${resource}/*` || one === `*/${subresource}`)),
  );
}
