/** A JSON object whose schema has been checked: what is there has the right type. */
export type Fields = Readonly<Record<string, unknown>>;

/** A string field; "" where it is absent, as Go reads it. */
export function text(fields: Fields | undefined, name: string): string {
  const value = fields?.[name];
  return typeof value === "string" ? value : "";
}

export function optionalText(fields: Fields | undefined, name: string): string | undefined {
  const value = fields?.[name];
  return typeof value === "string" ? value : undefined;
}

export function number(fields: Fields | undefined, name: string): number | undefined {
  const value = fields?.[name];
  return typeof value === "number" ? value : undefined;
}

export function flag(fields: Fields | undefined, name: string): boolean | undefined {
  const value = fields?.[name];
  return typeof value === "boolean" ? value : undefined;
}

export function object(fields: Fields | undefined, name: string): Fields | undefined {
  const value = fields?.[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A list of objects; empty where it is absent. */
export function objects(fields: Fields | undefined, name: string): readonly Fields[] {
  const value = fields?.[name];
  return Array.isArray(value) ? value.map((item) => item ?? {}) : [];
}

export function texts(fields: Fields | undefined, name: string): readonly string[] {
  const value = fields?.[name];
  return Array.isArray(value) ? value : [];
}

/** A map of strings by sorted key, so that findings come in the same order each time. */
export function textEntries(fields: Fields | undefined, name: string): readonly (readonly [string, string])[] {
  return Object.entries(object(fields, name) ?? {})
    .map(([key, value]) => [key, String(value ?? "")] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The containers of a pod's spec, of all three lists, and where each stands: `spec.containers[0]`. @param path of the spec. */
export function containersOf(spec: Fields, path: string): { readonly container: Fields; readonly place: string }[] {
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
    objects(spec, list).map((container, index) => ({ container, place: `${path}.${list}[${index}]` })),
  );
}
