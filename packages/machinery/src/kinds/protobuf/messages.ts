import { readFileSync } from "node:fs";

export type Scalar = "string" | "bytes" | "bool" | "int32" | "int64" | "double";

export interface WireField {
  /** The field's name in JSON; "" for a Go struct that is embedded: its fields stand beside the others. */
  readonly json: string;
  readonly type: Scalar | WireMessage;
  readonly shape: "one" | "list" | "map";
  /** The zero value is written, since the field is a pointer or never left out. */
  readonly keepZero: boolean;
}

export interface WireMessage {
  /** As OpenAPI names the definition: `io.k8s.api.core.v1.Pod`. */
  readonly name: string;
  readonly fields: ReadonlyMap<number, WireField>;
}

type RawField = readonly [number: number, json: string, type: Scalar | number, flags?: string];
interface Data {
  readonly names: readonly string[];
  readonly fields: readonly (readonly RawField[])[];
}

let data: { readonly raw: Data; readonly places: ReadonlyMap<string, number>; readonly made: (WireMessage | undefined)[] } | undefined;

/** The message of a name; nothing where there is none. */
export function wireMessage(name: string): WireMessage | undefined {
  const place = loaded().places.get(name);
  return place === undefined ? undefined : make(place);
}

function loaded(): NonNullable<typeof data> {
  if (!data) {
    const raw = JSON.parse(readFileSync(new URL("../../../data/protobuf.json", import.meta.url), "utf8")) as Data;
    data = { raw, places: new Map(raw.names.map((name, place) => [name, place])), made: [] };
  }
  return data;
}

/** Messages refer to each other, and to themselves: each is entered before its fields are read. */
function make(place: number): WireMessage {
  const { raw, made } = loaded();
  const known = made[place];
  if (known) return known;
  const fields = new Map<number, WireField>();
  const message: WireMessage = { name: raw.names[place]!, fields };
  made[place] = message;
  for (const [number, json, type, flags = ""] of raw.fields[place]!)
    fields.set(number, {
      json,
      type: typeof type === "number" ? make(type) : type,
      shape: flags.includes("l") ? "list" : flags.includes("m") ? "map" : "one",
      keepZero: flags.includes("z"),
    });
  return message;
}
