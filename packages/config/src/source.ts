import type { SchemaNode } from "@outrigger/kit/schema";

/** Where configuration comes from. Implement it for a source of your own: a configuration server, a database. */
export interface ConfigurationSource {
  /** For messages: a path, `the environment`. */
  readonly name: string;
  /**
   * The source's part of the configuration as it is now.
   *
   * @param schema of the whole configuration, for sources that know only text
   * @throws ConfigurationError where the content cannot be read
   */
  read(schema: SchemaNode): Promise<Reading>;
  /** Calls `changed` after the content may have changed, until the signal aborts. Absent where the content never changes. */
  watch?(changed: () => void, signal: AbortSignal): void;
  /** What keeps the source from working as it should, although it can be read. Asked for once, at the start. */
  warnings?(): Promise<readonly string[]>;
}

/** What a source had to say at one time. */
export interface Reading {
  /** A part of the configuration; `undefined` where the source has nothing. */
  readonly value: unknown;
  /** Where the field stands in the source, or the nearest field around it; see `Place.depth`. */
  locate?(field: string): Place;
}

/** Where a field stands. */
export interface Place {
  /** How many steps of the field's path the source has. */
  readonly depth: number;
  /** `/etc/config/app.json`, `the variable BFE_PORT`. */
  readonly source: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
}

/** The steps from a value to a field that a cause names: `servers[0].a.b` is `servers`, 0, `a.b` where the object has a key `a.b`. */
export function stepsTo(field: string, value: unknown): (string | number)[] {
  const steps: (string | number)[] = [];
  let rest = field;
  let at = value;
  while (rest !== "") {
    const index = /^\[(\d+)\]\.?/.exec(rest);
    let step: string | number;
    if (index) {
      step = Number(index[1]);
      rest = rest.slice(index[0].length);
    } else {
      const keys = at !== null && typeof at === "object" && !Array.isArray(at) ? Object.keys(at) : [];
      const key = keys.filter((one) => rest === one || rest.startsWith(`${one}.`) || rest.startsWith(`${one}[`)).sort(longest)[0];
      step = key ?? /^[^.[]*/.exec(rest)?.[0] ?? rest;
      rest = rest.slice(String(step).length).replace(/^\./, "");
      if (step === "") break;
    }
    steps.push(step);
    at = at !== null && typeof at === "object" ? (at as Record<string | number, unknown>)[step] : undefined;
  }
  return steps;
}

function longest(a: string, b: string): number {
  return b.length - a.length;
}

/** How many of the steps lead somewhere in the value. */
export function depthOf(steps: readonly (string | number)[], value: unknown): number {
  let at = value;
  for (const [depth, step] of steps.entries()) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, step)) return depth;
    at = (at as Record<string | number, unknown>)[step];
  }
  return steps.length;
}
