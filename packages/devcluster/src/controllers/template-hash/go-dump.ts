import { dumpQuantity } from "./go-quantity.ts";
import types from "./go-types.data.json" with { type: "json" };

/** Go name, JSON name ("" where the struct is embedded), type. */
type Field = readonly [string, string, string];
const structs = types.structs as unknown as Readonly<Record<string, readonly Field[]>>;
const named = types.named as Readonly<Record<string, string>>;
type Json = Readonly<Record<string, unknown>>;

const ZERO_TIME = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}";

/**
 * A pod template as Go prints the decoded struct with every type and field (`%#v` of go-spew, keys sorted, methods off):
 * the text that Kubernetes hashes (`k8s.io/utils/dump.ForHash`).
 *
 * A value that came over the wire has no empty lists or maps: they are nil in Go.
 */
export function dumpPodTemplate(template: object): string {
  const type = types.root;
  return `(${type})${dumpBody(type, template)}`;
}

function dump(type: string, value: unknown): string {
  if (type.startsWith("*")) return value === undefined || value === null ? `(${type})<nil>` : `(${type})${dumpBody(type.slice(1), value)}`;
  return `(${type})${dumpBody(type, value)}`;
}

/** The value without its type. */
function dumpBody(type: string, value: unknown): string {
  const fields = structs[type];
  if (fields) return dumpStruct(fields, (value ?? {}) as Json);
  const known = named[type] ?? type;
  if (known.startsWith("[]")) return dumpList(known.slice(2), value as readonly unknown[] | undefined);
  if (known.startsWith("map[")) return dumpMap(known, value as Json | undefined);
  switch (known) {
    case "string":
      return typeof value === "string" ? value : "";
    case "bool":
      return value === true ? "true" : "false";
    case "resource.Quantity":
      return dumpQuantity(value as string | number | undefined);
    case "intstr.IntOrString":
      return typeof value === "string"
        ? `{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`
        : `{Type:(intstr.Type)0 IntVal:(int32)${value ?? 0} StrVal:(string)}`;
    case "v1.Time":
      return ZERO_TIME;
    default:
      return String(value ?? 0);
  }
}

function dumpStruct(fields: readonly Field[], value: Json): string {
  let out = "{";
  for (const [index, [goName, jsonName, type]] of fields.entries()) {
    if (index > 0) out += " ";
    out += `${goName}:${dump(type, jsonName === "" ? value : value[jsonName])}`;
  }
  return `${out}}`;
}

function dumpList(type: string, value: readonly unknown[] | undefined): string {
  if (!value?.length) return "<nil>";
  return `[${value.map((item) => dumpBody(type, item)).join(" ")}]`;
}

function dumpMap(type: string, value: Json | undefined): string {
  const keys = Object.keys(value ?? {});
  if (keys.length === 0) return "<nil>";
  const element = type.slice(type.indexOf("]") + 1);
  return `map[${keys
    .sort(byBytes)
    .map((key) => `${key}:${dumpBody(element, value![key])}`)
    .join(" ")}]`;
}

/** Go compares strings by bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
