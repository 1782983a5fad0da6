// node scripts/kinds/protobuf.ts RECORDINGS GO-MODULES: derives packages/machinery/data/protobuf.json, what decoding protobuf bodies
// needs: per message its fields' numbers, JSON names and types. RECORDINGS holds protobuf.json (numbers and types); the Go module
// cache tells how each number is named in JSON. Facts only.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Field, goStructs } from "./go-facts.ts";

/** `[number, type]`, or with `list` or `map` between. */
type Wire = readonly [number: number, ...shapeAndType: string[]];

const [recordings = "", modules = ""] = process.argv.slice(2);
const wire = JSON.parse(readFileSync(join(recordings, "protobuf.json"), "utf8")) as Record<string, Record<string, Wire>>;
const structs = goStructs(modules);

/** Messages whose JSON form is not that of their fields; `protobuf/well-known.ts` knows them. */
const OWN_FORM =
  /\.(Time|MicroTime|Duration|Quantity|QuantityValue|IntOrString|FieldsV1|RawExtension|Verbs|ExtraValue|JSON|JSONSchemaPropsOr\w+|Unknown|TypeMeta)$/;

/** `k8s.io.api.core.v1.Pod` as OpenAPI names it: `io.k8s.api.core.v1.Pod`. */
const published = (message: string): string =>
  message.replace(/^k8s\.io\.(\w+)\./, (_, module: string) => `io.k8s.${module.replace("_", "-")}.`);
const SCALARS = new Set(["string", "bytes", "bool", "int32", "int64", "double"]);

const unnamed = new Set<string>();
const messages: Record<string, unknown[][]> = {};
for (const [message, fields] of Object.entries(wire)) {
  const name = published(message);
  if (/\.testapigroup\.|\.apidiscovery\./.test(name)) continue;
  // core/v1 has List under a name of its own.
  const struct = structs.get(name) ?? structs.get(`io.k8s.apimachinery.pkg.apis.meta.v1.${name.split(".").at(-1)}`);
  messages[name] = Object.entries(fields).map(([field, [number, ...rest]]) => {
    const type = rest.at(-1)!;
    const go = struct?.find((one) => one.number === number);
    if (!go && !struct) unnamed.add(name);
    else if (!go && !OWN_FORM.test(name)) throw new Error(`${name} has no field with number ${number} (${field})`);
    const flags = [rest.length > 1 ? rest[0]![0] : "", go ? keep(go) : "z"].join("");
    return [number, go?.inline ? "" : (go?.json ?? field), SCALARS.has(type) ? type : published(type), ...(flags ? [flags] : [])];
  });
}

/** Whether a zero value is a value: of pointers, and of fields that Go writes whatever they hold. */
function keep({ type, omitempty }: Field): "z" | "" {
  return type.startsWith("*") || !omitempty ? "z" : "";
}

// Types are said by their place in the list of names: the file is half as long.
const names = Object.keys(messages);
const place = new Map(names.map((name, index) => [name, index]));
const fields = names.map((name) =>
  messages[name]!.map(([number, json, type, ...flags]) => {
    if (SCALARS.has(type as string)) return [number, json, type, ...flags];
    if (!place.has(type as string)) throw new Error(`${name} holds an unknown ${type}`);
    return [number, json, place.get(type as string), ...flags];
  }),
);
writeFileSync(new URL("../../packages/machinery/data/protobuf.json", import.meta.url), JSON.stringify({ names, fields }));
console.log(`named as on the wire: ${[...unnamed].join(", ")}`);
console.log(`${names.length} messages, ${fields.flat().length} fields`);
