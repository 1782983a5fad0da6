import { type Ratio, RESOURCES, type ResourceName, thousandths } from "./amounts.ts";

/** On a node: what it truly has, and what was made of it. Written by the manager alone. */
export const RECORD_ANNOTATION = "outrigger.dev/overcommit";

/** One resource of a node that offers more than it has. */
export interface Amplified {
  /** What the kubelet says, as it wrote it. */
  readonly true: string;
  /** What was stored in its place. */
  readonly set: string;
  readonly ratio: Ratio;
}

export interface OvercommitRecord {
  /** The policy that the ratios are from. */
  readonly policy: string;
  readonly cpu?: Amplified;
  readonly memory?: Amplified;
}

/** Reads the annotation; nothing where there is none, or where it is not one that we wrote. */
export function readRecord(annotations: Readonly<Record<string, string>> | undefined): OvercommitRecord | undefined {
  const text = annotations?.[RECORD_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const { policy, ...resources } = JSON.parse(text) as Record<string, unknown>;
    if (typeof policy !== "string") return undefined;
    const read = RESOURCES.flatMap((name) => {
      const one = resources[name] as { true?: unknown; set?: unknown; ratio?: unknown } | undefined;
      if (typeof one?.true !== "string" || typeof one.set !== "string" || typeof one.ratio !== "number" || !(one.ratio >= 1)) return [];
      return [[name, { true: one.true, set: one.set, ratio: thousandths(one.ratio) }] as const];
    });
    return read.length === 0 ? undefined : { policy, ...Object.fromEntries(read) };
  } catch {
    return undefined;
  }
}

/** The annotation's text; nothing where no resource is amplified, and the annotation is to go. */
export function recordText({ policy, ...resources }: OvercommitRecord): string | undefined {
  const named = RESOURCES.flatMap((name: ResourceName) => {
    const one = resources[name];
    return one ? [[name, { true: one.true, set: one.set, ratio: one.ratio / 1000 }] as const] : [];
  });
  return named.length === 0 ? undefined : JSON.stringify({ policy, ...Object.fromEntries(named) });
}
