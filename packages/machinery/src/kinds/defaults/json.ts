/** An object of some kind, its shape known to who works on it. */
// biome-ignore lint/suspicious/noExplicitAny: untyped objects of many shapes
export type Json = Record<string, any>;
export type Defaulter = (object: Json) => void;
/** Keyed by `group/kind`. */
export type Defaulters = Readonly<Record<string, Defaulter>>;

export const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

/** A defaulter that works on the spec, which comes into being if it is not there. */
export function inSpec(fill: (spec: Json, object: Json) => void): Defaulter {
  return (object) => {
    object["spec"] ??= {};
    fill(object["spec"] as Json, object);
  };
}

/** What is in `from` and not in `into`, added; nothing changes where `from` is not there. */
export function fillMap(into: Json | undefined, from: Json | undefined): Json | undefined {
  return from && Object.keys(from).length > 0 ? { ...from, ...into } : into;
}
