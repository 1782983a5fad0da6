/**
 * TypeScript as a small tree, written as Biome's formatter writes it (two spaces, double quotes, 140 columns), so that what
 * is generated needs no formatting.
 */
export type Source =
  | string
  | { readonly call: string; readonly with: readonly Source[] }
  | { readonly list: readonly Source[] }
  | { readonly fields: readonly Field[]; readonly open?: boolean };

/** A property, and the line of comment above it. */
export interface Field {
  readonly name: string;
  readonly value: Source;
  readonly comment?: string | undefined;
}

const WIDTH = 140;

/** @param column where the line stands already; one character (a comma or a semicolon) follows. */
export function write(source: Source, indent = 0, column = indent): string {
  const flat = oneLine(source);
  if (flat !== undefined && column + flat.length < WIDTH) return flat;
  if (typeof source === "string") return source;
  const inner = " ".repeat(indent + 2);
  const end = " ".repeat(indent);
  if ("list" in source) return `[\n${source.list.map((one) => `${inner}${write(one, indent + 2)},\n`).join("")}${end}]`;
  if ("fields" in source) return `{\n${source.fields.map((field) => `${written(field, indent + 2)},\n`).join("")}${end}}`;
  const { call, with: given } = source;
  const last = given.at(-1);
  const before = given.slice(0, -1).map(oneLine);
  const head = `${call}(${before.map((one) => `${one}, `).join("")}`;
  const hugs = huggable(last) && !before.includes(undefined) && (before.length === 0 || kindOf(given.at(-2)) !== kindOf(last));
  if (last !== undefined && hugs && column + head.length < WIDTH) return `${head}${broken(last, indent)})`;
  return `${call}(\n${given.map((one) => `${inner}${write(one, indent + 2)},\n`).join("")}${end})`;
}

/** Over several lines even where one would do. */
function broken(source: Source, indent: number): string {
  return write(source, indent, WIDTH);
}

function written({ name, value, comment }: Field, indent: number): string {
  const start = " ".repeat(indent);
  const key = keyOf(name);
  const above = comment ? `${start}// ${comment}\n` : "";
  // The formatter breaks no line for the four columns that it would win.
  if (key.length > 4 && typeof value === "string" && /^["']/.test(value) && indent + key.length + 2 + value.length >= WIDTH)
    return `${above}${start}${key}:\n${start}  ${value}`;
  return `${above}${start}${key}: ${write(value, indent, indent + key.length + 2)}`;
}

/** The source on one line; `undefined` where a part is written over several lines always. */
function oneLine(source: Source): string | undefined {
  if (typeof source === "string") return source;
  if ("call" in source) return joined(source.with, (all) => `${source.call}(${all})`);
  if ("list" in source) {
    const objects = source.list.filter((one) => typeof one === "object" && "fields" in one && one.fields.length > 1);
    return objects.length > 1 && objects.length === source.list.length ? undefined : joined(source.list, (all) => `[${all}]`);
  }
  if (source.fields.length === 0) return "{}";
  if (source.open || source.fields.some(({ comment }) => comment)) return undefined;
  const names = source.fields.map(({ name }) => keyOf(name));
  return joined(
    source.fields.map(({ value }) => value),
    (all) => `{ ${all} }`,
    names,
  );
}

function joined(sources: readonly Source[], around: (all: string) => string, names: readonly string[] = []): string | undefined {
  const all = sources.map(oneLine);
  if (all.includes(undefined)) return undefined;
  return around(all.map((one, index) => (names[index] === undefined ? one : `${names[index]}: ${one}`)).join(", "));
}

function kindOf(source: Source | undefined): "list" | "fields" | "other" {
  return typeof source !== "object" || "call" in source ? "other" : "list" in source ? "list" : "fields";
}

function huggable(source: Source | undefined): boolean {
  return typeof source === "object" && (("list" in source && source.list.length > 0) || ("fields" in source && source.fields.length > 0));
}

/** A JSON value. */
export function json(value: unknown): Source {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return { list: value.map(json) };
  if (value !== null && typeof value === "object") return record(value as Record<string, unknown>);
  return String(value);
}

/** An object of JSON values; absent ones are left out. */
export function record(object: Readonly<Record<string, unknown>>): { readonly fields: readonly Field[] } {
  const stated = Object.entries(object).filter(([, value]) => value !== undefined);
  return { fields: stated.map(([name, value]) => ({ name, value: json(value) })) };
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** In the quotes that need fewer backslashes. */
function quoted(text: string): string {
  const double = JSON.stringify(text);
  if (text.split('"').length <= text.split("'").length) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
