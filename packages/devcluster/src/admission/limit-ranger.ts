import { type KubeObject, Quantity } from "@outrigger/kit/api";
import { podLimits, podRequests, quantityOf } from "@outrigger/machinery/kinds";
import type { AdmissionAttributes, ClusterReader } from "../registry/index.ts";
import { type AdmissionPlugin, concerns, refuse, specOf, withSpec } from "./plugin.ts";

/** Resource name → amount, as an object writes it. */
type Amounts = Readonly<Record<string, string | number>>;
interface Resources {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}
interface Container {
  readonly name: string;
  readonly resources?: Resources;
}

const ANNOTATION = "kubernetes.io/limit-ranger";

interface LimitItem {
  readonly type: string;
  readonly max?: Amounts;
  readonly min?: Amounts;
  readonly default?: Amounts;
  readonly defaultRequest?: Amounts;
  readonly maxLimitRequestRatio?: Amounts;
}

/**
 * LimitRanges: containers get the namespace's default requests and limits, and pods, containers and claims outside of its
 * bounds are refused. After `plugin/pkg/admission/limitranger`.
 */
export function limitRanger(reader: ClusterReader): AdmissionPlugin {
  const itemsOf = (namespace: string): readonly (readonly LimitItem[])[] =>
    reader
      .list("", "limitranges")
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map((range) => (specOf(range)["limits"] as readonly LimitItem[] | undefined) ?? []);
  const isPod = (attributes: AdmissionAttributes): boolean => attributes.operation === "CREATE" && concerns(attributes, "", "pods");
  return {
    name: "LimitRanger",
    admit(attributes) {
      if (!attributes.object || !isPod(attributes)) return;
      for (const items of itemsOf(attributes.namespace)) attributes.object = withDefaults(attributes.object, items);
    },
    validate(attributes) {
      const { object } = attributes;
      if (!object) return;
      const isClaim = attributes.operation !== "DELETE" && concerns(attributes, "", "persistentvolumeclaims");
      if (!isPod(attributes) && !isClaim) return;
      for (const items of itemsOf(attributes.namespace)) {
        const problems = items.flatMap((item) => (isClaim ? claimProblems(object, item) : podProblems(object, item)));
        if (problems.length > 0) throw refuse(attributes, problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
      }
    },
  };
}

function withDefaults(pod: KubeObject, items: readonly LimitItem[]): KubeObject {
  const containers = items.filter(({ type }) => type === "Container");
  const requests: Amounts = Object.assign({}, ...containers.map((item) => item.defaultRequest ?? {}));
  const limits: Amounts = Object.assign({}, ...containers.map((item) => item.default ?? {}));
  const notes: string[] = [];
  const filled = (container: Container, what: string): Container => {
    const resources: { -readonly [K in keyof Resources]: Resources[K] } = { ...container.resources };
    for (const [field, defaults, name] of [
      ["requests", requests, "request"],
      ["limits", limits, "limit"],
    ] as const) {
      const missing = Object.keys(defaults)
        .filter((resource) => resources[field]?.[resource] === undefined)
        .sort();
      if (missing.length === 0) continue;
      resources[field] = { ...resources[field], ...Object.fromEntries(missing.map((resource) => [resource, defaults[resource]!])) };
      notes.push(`${missing.join(", ")} ${name} for ${what} ${container.name}`);
    }
    return { ...container, resources };
  };
  const spec = specOf(pod);
  const lists = { containers: "container", initContainers: "init container" } as const;
  const fields = Object.fromEntries(
    Object.entries(lists).flatMap(([field, what]) => {
      const given = spec[field] as readonly Container[] | undefined;
      return given ? [[field, given.map((container) => filled(container, what))]] : [];
    }),
  );
  if (notes.length === 0) return pod;
  const { metadata } = pod;
  return withSpec(
    {
      ...pod,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}` } },
    },
    fields,
  );
}

function podProblems(pod: KubeObject, item: LimitItem): string[] {
  const spec = specOf(pod) as Parameters<typeof podRequests>[0] & Record<string, unknown>;
  if (item.type === "Pod") return boundProblems(item, asQuantities(podRequests(spec)), asQuantities(podLimits(spec)));
  if (item.type !== "Container") return [];
  return (["containers", "initContainers"] as const).flatMap((field) =>
    ((spec[field] as readonly Container[] | undefined) ?? []).flatMap(({ resources = {} }) =>
      boundProblems(item, quantities(resources.requests), quantities(resources.limits)),
    ),
  );
}

type Quantities = ReadonlyMap<string, Quantity>;

function quantities(amounts: Amounts = {}): Quantities {
  return new Map(Object.entries(amounts).map(([name, amount]) => [name, Quantity.parse(amount)]));
}

function asQuantities(amounts: Readonly<Record<string, number>>): Quantities {
  return new Map(Object.entries(amounts).map(([name, value]) => [name, quantityOf(name, value)]));
}

function boundProblems(item: LimitItem, requests: Quantities, limits: Quantities): string[] {
  const problems: string[] = [];
  const { type } = item;
  for (const [name, bound] of quantities(item.min)) {
    const about = `minimum ${name} usage per ${type} is ${bound}`;
    const [request, limit] = [requests.get(name), limits.get(name)];
    if (!request) problems.push(`${about}.  No request is specified`);
    else if (request.cmp(bound) < 0) problems.push(`${about}, but request is ${request}`);
    else if (limit && limit.cmp(bound) < 0) problems.push(`${about}, but limit is ${limit}`);
  }
  for (const [name, bound] of quantities(item.max)) {
    const about = `maximum ${name} usage per ${type} is ${bound}`;
    const [request, limit] = [requests.get(name), limits.get(name)];
    if (!limit) problems.push(`${about}.  No limit is specified`);
    else if (limit.cmp(bound) > 0) problems.push(`${about}, but limit is ${limit}`);
    else if (request && request.cmp(bound) > 0) problems.push(`${about}, but request is ${request}`);
  }
  for (const [name, bound] of quantities(item.maxLimitRequestRatio)) {
    const about = `${name} max limit to request ratio per ${type} is ${bound}`;
    const [request, limit] = [requests.get(name), limits.get(name)];
    if (!request || request.isZero) problems.push(`${about}, but no request is specified or request is 0`);
    else if (!limit || limit.isZero) problems.push(`${about}, but no limit is specified or limit is 0`);
    else if (limit.toNumber() / request.toNumber() > bound.toNumber())
      problems.push(`${about}, but provided ratio is ${(limit.toNumber() / request.toNumber()).toFixed(6)}`);
  }
  return problems;
}

function claimProblems(claim: KubeObject, item: LimitItem): string[] {
  if (item.type !== "PersistentVolumeClaim") return [];
  const requests = quantities((specOf(claim)["resources"] as Resources | undefined)?.requests);
  const problems: string[] = [];
  for (const [bounds, word, sign] of [
    [item.min, "minimum", -1],
    [item.max, "maximum", 1],
  ] as const) {
    for (const [name, bound] of quantities(bounds)) {
      const about = `${word} ${name} usage per ${item.type} is ${bound}`;
      const request = requests.get(name);
      if (!request) problems.push(`${about}.  No request is specified`);
      else if (Math.sign(request.cmp(bound)) === sign) problems.push(`${about}, but request is ${request}`);
    }
  }
  return problems;
}
