import { Quantity } from "@outrigger/kit/api";

/** Amounts by resource: `cpu` in thousandths, everything else in units. */
export type Amounts = Readonly<Record<string, number>>;
type Listed = Readonly<Record<string, unknown>>;
interface Asking {
  readonly resources?: { readonly requests?: object | undefined; readonly limits?: object | undefined } | undefined;
}
/** The part of a pod's spec that asks for resources. */
export interface AskingPodSpec extends Asking {
  readonly containers: readonly Asking[];
  readonly initContainers?: readonly (Asking & { readonly restartPolicy?: string | undefined })[] | undefined;
  readonly overhead?: object | undefined;
}

/** Quantities recur: the same few texts in thousands of pods. */
const parsed = new Map<string, number>();
const REMEMBERED = 10_000;

export function amount(resource: string, quantity: unknown): number {
  const key = `${resource === "cpu" ? "m" : ""}${String(quantity)}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const value = Quantity.parse(quantity as string);
  const number = Number(resource === "cpu" ? value.milliValue : value.value);
  if (parsed.size >= REMEMBERED) parsed.clear();
  parsed.set(key, number);
  return number;
}
export function amounts(list: object | undefined): Amounts {
  return Object.fromEntries(Object.entries((list ?? {}) as Listed).map(([resource, quantity]) => [resource, amount(resource, quantity)]));
}

const plus = (a: Amounts, b: Amounts): Amounts => merge(a, b, (x, y) => x + y);
const most = (a: Amounts, b: Amounts): Amounts => merge(a, b, Math.max);
function merge(a: Amounts, b: Amounts, how: (x: number, y: number) => number): Amounts {
  const all: Record<string, number> = { ...a };
  for (const [resource, value] of Object.entries(b)) all[resource] = how(all[resource] ?? 0, value);
  return all;
}
/**
 * What a pod asks a node for: its containers and sidecars together, or an init container with the sidecars started before
 * it where that is more, and the overhead (`resourcehelper.PodRequests`).
 */
export function podRequests(spec: AskingPodSpec): Amounts {
  return plus(podSum(spec, "requests"), amounts(spec.overhead));
}

/** What a pod may use at most, as far as it says: `resourcehelper.PodLimits`. Overhead counts where there is a limit. */
export function podLimits(spec: AskingPodSpec): Amounts {
  const limits = podSum(spec, "limits");
  const overhead = Object.entries(amounts(spec.overhead)).filter(([resource]) => limits[resource] !== undefined);
  return plus(limits, Object.fromEntries(overhead));
}

function podSum(spec: AskingPodSpec, field: "requests" | "limits"): Amounts {
  const requested = ({ resources }: Asking): Amounts => amounts(resources?.[field]);
  let running = spec.containers.map(requested).reduce(plus, {});
  let sidecars: Amounts = {};
  let starting: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      sidecars = plus(sidecars, requested(container));
      running = plus(running, requested(container));
      starting = most(starting, sidecars);
    } else starting = most(starting, plus(sidecars, requested(container)));
  }
  const containers = most(running, starting);
  return { ...containers, ...requested(spec) };
}

/** An amount as a quantity: `cpu` from thousandths, memory and storage in binary units. */
export function quantityOf(resource: string, value: number): Quantity {
  return resource === "cpu" ? Quantity.ofMilli(value) : Quantity.of(value, /memory|storage/.test(resource) ? "BinarySI" : "DecimalSI");
}
