import type { KubeObject, LabelSelector } from "@outrigger/kit/api";
import { labelSelector, Quantity } from "@outrigger/kit/api";
import { humanDuration } from "./human-duration.ts";

/** Gives the cells of one object of a kind. */
export type Printer = (object: KubeObject, now: Date) => unknown[];
export type Printers = Readonly<Record<string, Printer>>;

interface Named {
  readonly metadata?: { readonly name?: string; readonly creationTimestamp?: string };
}

/** A printer of objects of one type; the table of kinds says that they are of it. */
export function printer<T>(print: (object: T, now: Date) => unknown[]): Printer {
  return print as unknown as Printer;
}

export const name = ({ metadata }: Named): string => metadata?.name ?? "";
export const age = ({ metadata }: Named, now: Date): string => since(metadata?.creationTimestamp, now);

/** Time that has passed, as a person says it; `<unknown>` without a time. */
export function since(time: string | undefined | null, now: Date): string {
  return time ? humanDuration(now.getTime() - Date.parse(time)) : "<unknown>";
}

/** Labels or a plain selector: `a=b,c=d`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.sort().join(",");
}

/** A selector object as text, and what stands for nothing and for what cannot be read. */
export function selectorText(selector: object | undefined, { empty = "<none>", invalid = "<error>" } = {}): string {
  if (!selector) return empty;
  try {
    return labelSelector(selector as LabelSelector).toString() || empty;
  } catch {
    return invalid;
  }
}

/** A quantity in its shortest form; 0 where there is none. */
export function quantityText(quantity: string | number | undefined): string {
  if (quantity === undefined) return "0";
  try {
    return Quantity.parse(quantity).toString();
  } catch {
    return String(quantity);
  }
}

/** Names and images of containers: the last columns of workloads. */
export function containerCells(
  spec: { readonly containers?: readonly { readonly name?: string; readonly image?: string }[] } | undefined,
): [names: string, images: string] {
  const containers = spec?.containers ?? [];
  return [containers.map((container) => container.name ?? "").join(","), containers.map((container) => container.image ?? "").join(",")];
}

/** The first few of a list, and how many there are beyond. */
export function firstOf(list: readonly string[], most: number, separator = ","): string {
  const shown = list.slice(0, most).join(separator);
  return list.length > most ? `${shown} + ${list.length - most} more...` : shown;
}
