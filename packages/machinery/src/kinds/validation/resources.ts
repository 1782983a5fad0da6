import { type Quantity, qualifiedNameProblems } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { type Fields, objects, text, textEntries } from "./fields.ts";
import { Findings } from "./findings.ts";

const OF_CONTAINERS = new Set(["cpu", "memory", "ephemeral-storage"]);
const STANDARD = new Set([
  ...["cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage"],
  ...["limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers"],
  ...["secrets", "configmaps", "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports", "services.loadbalancers"],
]);
const COUNTED = new Set([
  ...["pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims"],
  ...["services.nodeports", "services.loadbalancers"],
]);

/** Requests and limits of a container; defaults have copied limits into requests. */
export function findInResources(
  found: Findings,
  resources: Fields | undefined,
  path: string,
  claims: ReadonlySet<string> = new Set(),
): void {
  const limits = new Map(textEntries(resources, "limits"));
  let huge = false;
  let computes = false;
  const both = (name: string, amount: Quantity, at: string) => {
    containerResourceName(found, name, at);
    quantityOf(found, name, amount, at);
    huge ||= isHugePages(name);
    computes ||= name === "cpu" || name === "memory";
  };
  for (const [name, value] of limits) {
    const at = `${path}.limits[${name}]`;
    both(name, readQuantity(found, value, at), at);
  }
  for (const [name, value] of textEntries(resources, "requests")) {
    const at = `${path}.requests[${name}]`;
    const amount = readQuantity(found, value, at);
    both(name, amount, at);
    const limit = limits.get(name);
    if (limit === undefined) {
      if (!overcommits(name)) found.required(`${path}.limits`, "Limit must be set for non overcommitable resources");
      continue;
    }
    const bound = readQuantity(new Findings(), limit, "");
    if (!overcommits(name) && amount.cmp(bound) !== 0) {
      found.invalid(`${path}.requests`, amount.toString(), `must be equal to ${name} limit of ${bound}`);
    } else if (amount.cmp(bound) > 0) {
      found.invalid(`${path}.requests`, amount.toString(), `must be less than or equal to ${name} limit of ${bound}`);
    }
  }
  if (huge && !computes) found.forbidden(path, "HugePages require cpu or memory");
  findInClaimNames(found, resources, path, claims);
}

function findInClaimNames(found: Findings, resources: Fields | undefined, path: string, claims: ReadonlySet<string>): void {
  const seen = new Set<string>();
  for (const [index, claim] of objects(resources, "claims").entries()) {
    const at = `${path}.claims[${index}]`;
    const name = text(claim, "name");
    const key = text(claim, "request") === "" ? name : `${name}/${text(claim, "request")}`;
    if (name === "") {
      found.required(at);
      continue;
    }
    if (seen.has(key)) found.duplicate(at, key);
    seen.add(key);
    if (!claims.has(name)) {
      const names = claims.size === 0 ? " which is empty" : `: ${[...claims].sort().join(", ")}`;
      found.notFound(at, name, `must be one of the names in pod.spec.resourceClaims${names}`);
    }
  }
}

/** An amount of a resource: not negative, and whole where the resource is counted. */
export function quantityOf(found: Findings, name: string, amount: Quantity, path: string): void {
  if (amount.sign < 0) found.invalid(path, amount.toString(), "must be greater than or equal to 0");
  if (isCounted(name) && !isWhole(amount)) found.invalid(path, amount.toString(), "must be an integer");
}

export function isWhole(amount: Quantity): boolean {
  return amount.milliValue % 1000n === 0n;
}

/** Whether more of a resource may be promised than there is. */
export function overcommits(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

export function containerResourceName(found: Findings, name: string, path: string): void {
  resourceName(found, name, path);
  if (!name.includes("/")) {
    if (!OF_CONTAINERS.has(name) && !isHugePages(name)) found.invalid(path, name, "must be a standard resource for containers");
  } else if (!isNative(name) && !isExtended(name)) found.invalid(path, name, "doesn't follow extended resource name standard");
}

export function resourceName(found: Findings, name: string, path: string): void {
  const problems = qualifiedNameProblems(name);
  found.invalidEach(path, name, problems);
  if (problems.length > 0 || name.includes("/")) return;
  if (!STANDARD.has(name) && !isHugePages(name) && !name.startsWith("requests.hugepages-")) {
    found.invalid(path, name, "must be a standard resource type or fully qualified");
  }
}

function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

/** Kubernetes' own: not of a device plugin. */
function isNative(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith("requests.") && qualifiedNameProblems(`requests.${name}`).length === 0;
}

function isCounted(name: string): boolean {
  return COUNTED.has(name) || isExtended(name);
}
