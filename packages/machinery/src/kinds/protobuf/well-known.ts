// Messages whose JSON form is not that of their fields.
import { ProtobufError } from "./wire.ts";

type Json = Record<string, unknown>;
/** Gives the JSON value of a message's fields; nothing where the field that holds it is to be left out. */
type Form = (fields: Json) => unknown;

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** The seconds of Go's zero time: the first of January of the year 1. */
const ZERO_TIME = -62_135_596_800;
/** The seconds that the year 9999 ends with; JSON has no later times. */
const LAST_TIME = 253_402_300_799;

/** Seconds as the beginning of a time in JSON; nothing for Go's zero time, which an empty message is too. */
function seconds(since1970: unknown): string | undefined {
  if (since1970 === undefined || since1970 === ZERO_TIME) return undefined;
  const known = since1970 as number;
  if (known < ZERO_TIME || known > LAST_TIME) throw new ProtobufError("time out of range: year outside of range [0,9999]");
  return new Date(known * 1000).toISOString().slice(0, 19);
}

const items: Form = ({ items: list }) => list ?? [];
const embeddedJson: Form = ({ raw, Raw }) => json((raw ?? Raw) as string | undefined);

const FORMS: Readonly<Record<string, Form>> = {
  [`${META}.Time`]: (time) => {
    const whole = seconds(time["seconds"]);
    return whole && `${whole}Z`;
  },
  [`${META}.MicroTime`]: (time) => {
    const whole = seconds(time["seconds"]);
    return whole && `${whole}.${String(Math.floor(Number(time["nanos"] ?? 0) / 1000)).padStart(6, "0")}Z`;
  },
  [`${META}.Duration`]: ({ duration = 0 }) => goDuration(duration as number),
  [`${META}.FieldsV1`]: embeddedJson,
  [`${META}.Verbs`]: items,
  "io.k8s.api.authentication.v1.ExtraValue": items,
  "io.k8s.api.authorization.v1.ExtraValue": items,
  "io.k8s.api.certificates.v1.ExtraValue": items,
  "io.k8s.apimachinery.pkg.api.resource.Quantity": ({ string = "" }) => string || "0",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ({ type = 0, intVal = 0, strVal = "" }) => (type === 0 ? intVal : strVal),
  "io.k8s.apimachinery.pkg.runtime.RawExtension": embeddedJson,
  [`${EXTENSIONS}.JSON`]: embeddedJson,
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`]: ({ schema, allows = false }) => schema ?? allows,
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`]: ({ schema, jSONSchemas }) => schema ?? jSONSchemas ?? null,
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`]: ({ schema, property }) => schema ?? property ?? null,
};

/** How the message of a name is written in JSON, where that is not as an object of its fields. */
export function wellKnown(name: string): Form | undefined {
  return FORMS[name];
}

const itemsOf = (list: unknown): Json => ({ items: list });
const embedded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

/** The other way: the fields of a message whose JSON form is its own. */
const FIELDS: Readonly<Record<string, (value: unknown) => Json>> = {
  [`${META}.Time`]: (time) => ({ seconds: Math.floor(Date.parse(time as string) / 1000), nanos: 0 }),
  [`${META}.MicroTime`]: (time) => {
    const [, fraction = ""] = /\.(\d+)/.exec(time as string) ?? [];
    return { seconds: Math.floor(Date.parse(time as string) / 1000), nanos: Number(fraction.padEnd(9, "0").slice(0, 9)) };
  },
  [`${META}.Duration`]: (text) => ({ duration: nanoseconds(text as string) }),
  [`${META}.FieldsV1`]: (value) => ({ Raw: embedded(value) }),
  [`${META}.Verbs`]: itemsOf,
  "io.k8s.api.authentication.v1.ExtraValue": itemsOf,
  "io.k8s.api.authorization.v1.ExtraValue": itemsOf,
  "io.k8s.api.certificates.v1.ExtraValue": itemsOf,
  "io.k8s.apimachinery.pkg.api.resource.Quantity": (text) => ({ string: String(text) }),
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (value) =>
    typeof value === "number" ? { type: 0, intVal: value, strVal: "" } : { type: 1, intVal: 0, strVal: value },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": (value) => ({ raw: embedded(value) }),
  [`${EXTENSIONS}.JSON`]: (value) => ({ raw: embedded(value) }),
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`]: (value) => (typeof value === "boolean" ? { allows: value } : { allows: true, schema: value }),
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`]: (value) => (Array.isArray(value) ? { jSONSchemas: value } : { schema: value }),
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`]: (value) => (Array.isArray(value) ? { property: value } : { schema: value }),
};

/** The fields of a message from its JSON form, where that is not an object of them. */
export function fieldsOfForm(name: string, value: unknown): Json | undefined {
  return FIELDS[name]?.(value);
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration as Go writes it, in nanoseconds. */
function nanoseconds(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) sum += Number(amount) * UNITS[unit!]!;
  return sign * Math.round(sum);
}

function json(base64: string | undefined): unknown {
  if (!base64) return undefined;
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8")) as unknown;
  } catch (error) {
    throw new ProtobufError(`embedded JSON cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Nanoseconds as Go writes a duration: `1h30m0s`, `1.5s`, `100ms`, `0s`. */
function goDuration(nanoseconds: number): string {
  const sign = nanoseconds < 0 ? "-" : "";
  const rest = Math.abs(nanoseconds);
  if (rest === 0) return "0s";
  if (rest < 1e3) return `${sign}${rest}ns`;
  if (rest < 1e6) return `${sign}${rest / 1e3}µs`;
  if (rest < 1e9) return `${sign}${rest / 1e6}ms`;
  const minutes = Math.floor(rest / 60e9);
  const seconds = `${(rest - minutes * 60e9) / 1e9}s`;
  if (minutes === 0) return `${sign}${seconds}`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours > 0 ? `${hours}h` : ""}${minutes % 60}m${seconds}`;
}
