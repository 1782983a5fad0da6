import { refusal, type StatusError } from "../registry/index.ts";

/** How an answer is to be written. */
export interface MediaType {
  readonly format: "json" | "yaml" | "protobuf";
  /** The kind to show objects as. */
  readonly as?: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of `as`: `v1` or `v1beta1`. */
  readonly version: string;
}

const produced = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] as const;
const json: MediaType = { format: "json", version: "v1" };

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function clauses(accept: string): Clause[] {
  return accept
    .split(",")
    .map((text) => {
      const [type = "", ...rest] = text.split(";").map((part) => part.trim());
      const parameters = new Map(rest.map((part) => part.split("=", 2) as [string, string]));
      return { type: type.toLowerCase(), parameters, quality: Number(parameters.get("q") ?? 1) };
    })
    .filter(({ type }) => type !== "")
    .sort((a, b) => b.quality - a.quality);
}

/**
 * The first of the accepted forms that the server writes.
 *
 * @param allowed kinds that objects may be shown as here.
 * @param binary whether the objects have a protobuf form: those of custom resources have none.
 * @throws StatusError 406 in Kubernetes' two wordings.
 */
export function negotiate(accept: string | undefined, allowed: readonly string[], binary = false): MediaType {
  if (accept === undefined || accept.trim() === "" || accept === "application/json" || accept === "*/*") return json;
  let known = false;
  for (const { type, parameters } of clauses(accept)) {
    const format = formatOf(type);
    if (!format) continue;
    known = true;
    const as = parameters.get("as");
    if (format === "protobuf" && (as === "Table" || (as === undefined && !binary))) continue;
    if (as === undefined) return { format, version: "v1" };
    const version = parameters.get("v") ?? "";
    const isMeta = parameters.get("g") === "meta.k8s.io" && (version === "v1" || version === "v1beta1");
    if (isMeta && allowed.includes(as)) return { format, as: as as NonNullable<MediaType["as"]>, version };
  }
  throw known ? notAcceptable() : unknownTypes();
}

function formatOf(type: string): MediaType["format"] | undefined {
  if (type === "*/*" || type === "application/*" || type === "application/json") return "json";
  if (type === "application/vnd.kubernetes.protobuf") return "protobuf";
  return type === "application/yaml" ? "yaml" : undefined;
}

/** The form of an error: the one that the client prefers, or JSON if the server writes none of those it accepts. */
export function negotiateError(accept: string | undefined): MediaType {
  try {
    return negotiate(accept, [], true);
  } catch {
    return json;
  }
}

function notAcceptable(): StatusError {
  return refusal({ code: 406, reason: "NotAcceptable", message: `only the following media types are accepted: ${produced.join(", ")}` });
}

function unknownTypes(): StatusError {
  const streams = produced.filter((type) => type !== "application/yaml").map((type) => `${type};stream=watch`);
  const message = `406: Not Acceptable\n\nAvailable representations: ${[...produced, ...streams].join(", ")}`;
  return refusal({ code: 406, reason: "NotAcceptable", message, details: {} });
}
