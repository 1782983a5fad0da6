// Requests and limits of containers and of whole pods (KEP-2837).
import { Quantity } from "@outrigger/kit/api";
import { fillMap, type Json, list } from "./json.ts";

type Amounts = Record<string, string>;

/** Limits stand in for requests, of containers, and of the pod as a whole, which takes its containers' sum first. */
export function defaultPodResources(spec: Json): void {
  for (const container of [...list(spec["containers"]), ...list(spec["initContainers"])])
    limitsAsRequests(container["resources"] as Json | undefined);
  const resources = spec["resources"] as Json | undefined;
  if (!resources || (isEmpty(resources["limits"]) && isEmpty(resources["requests"]))) return;
  defaultHugePageLimits(spec, resources);
  if (isEmpty(resources["limits"])) return;
  const overcommitted = filter(sumOf(spec, "requests"), (name) => name === "cpu" || name === "memory");
  const requests = fillMap(resources["requests"] as Json | undefined, overcommitted);
  const all = fillMap(
    requests,
    filter(resources["limits"] as Amounts, (name) => name === "cpu" || name === "memory" || isHugePages(name)),
  );
  if (all) resources["requests"] = all;
}

function limitsAsRequests(resources: Json | undefined): void {
  const requests = fillMap(resources?.["requests"] as Json | undefined, resources?.["limits"] as Json | undefined);
  if (resources && requests) resources["requests"] = requests;
}

/** A pod's limit of huge pages is its containers' sum, unless it says one, or a request. */
function defaultHugePageLimits(spec: Json, resources: Json): void {
  const missing = filter(sumOf(spec, "limits"), (name) => isHugePages(name) && resources["requests"]?.[name] === undefined);
  const limits = fillMap(resources["limits"] as Json | undefined, missing);
  if (limits) resources["limits"] = limits;
}

/**
 * What the containers need together: those that run side by side are added up; an init container runs beside the
 * sidecars before it, and the hungriest of them counts if it needs more than all that comes after.
 */
function sumOf(spec: Json, which: "requests" | "limits"): Amounts {
  const sidecars = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  const amounts = (container: Json): [string, Quantity][] =>
    Object.entries((container["resources"]?.[which] ?? {}) as Record<string, string | number>).flatMap(([name, amount]) => {
      try {
        return [[name, Quantity.parse(amount)] as [string, Quantity]];
      } catch {
        // Decoding refuses it.
        return [];
      }
    });
  const add = (into: Map<string, Quantity>, name: string, amount: Quantity): void =>
    void into.set(name, into.get(name)?.add(amount) ?? amount);
  const raise = (name: string, amount: Quantity): void => {
    const before = peak.get(name);
    if (!before || before.cmp(amount) < 0) peak.set(name, amount);
  };
  for (const container of list(spec["initContainers"])) {
    const own = amounts(container);
    if (container["restartPolicy"] === "Always") {
      for (const [name, amount] of own) add(sidecars, name, amount);
      for (const [name, amount] of sidecars) raise(name, amount);
    } else for (const [name, amount] of own) raise(name, sidecars.get(name)?.add(amount) ?? amount);
  }
  const running = new Map(sidecars);
  for (const container of list(spec["containers"])) for (const [name, amount] of amounts(container)) add(running, name, amount);
  for (const [name, amount] of running) raise(name, amount);
  return Object.fromEntries([...peak].map(([name, amount]) => [name, amount.toString()]));
}

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
const isEmpty = (map: unknown): boolean => Object.keys((map ?? {}) as object).length === 0;
const filter = (amounts: Amounts, keep: (name: string) => boolean): Amounts =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => keep(name)));
