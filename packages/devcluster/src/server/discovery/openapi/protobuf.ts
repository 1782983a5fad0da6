import { Buffer } from "node:buffer";
import type { ServedResource } from "../../../registry/index.ts";
import { openapiV2, type SwaggerSchema } from "./v2.ts";

/**
 * `/openapi/v2` as the protobuf of gnostic (`openapiv2.Document`), which kubectl up to 1.28 and, for custom resources,
 * later ones fetch to validate. Field numbers: github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto.
 */
export function openapiV2Protobuf(served: readonly ServedResource[]): Uint8Array {
  const { info, paths, definitions } = openapiV2(served);
  return message(
    text(1, "2.0"),
    field(2, message(text(1, info.title), text(2, info.version))),
    field(8, message(...Object.entries(paths).map(([path, item]) => field(2, named(path, pathItem(item)))))),
    field(9, message(...Object.entries(definitions).map(([name, schema]) => field(1, named(name, schemaMessage(schema)))))),
  );
}

const methods = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: Readonly<Record<string, unknown>>): Buffer {
  const operations = Object.entries(methods).flatMap(([method, number]) =>
    item[method] ? [field(number, operation(item[method] as OperationBody))] : [],
  );
  const parameters = ((item["parameters"] ?? []) as Parameter[]).map((one) => field(9, parameter(one)));
  return message(...operations, ...parameters);
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly type?: string;
  readonly required?: boolean;
  readonly schema?: SwaggerSchema;
}
interface OperationBody {
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: SwaggerSchema }>>;
  readonly [extension: string]: unknown;
}

function operation(body: OperationBody): Buffer {
  const responses = Object.entries(body.responses).map(([code, { description, schema }]) => {
    const response = message(text(1, description), ...(schema ? [field(2, message(field(1, schemaMessage(schema))))] : []));
    return field(1, named(code, message(field(1, response))));
  });
  return message(
    ...body.tags.map((tag) => text(1, tag)),
    text(5, body.operationId),
    ...body.produces.map((type) => text(6, type)),
    ...body.consumes.map((type) => text(7, type)),
    ...body.parameters.map((one) => field(8, parameter(one))),
    field(9, message(...responses)),
    ...extensions(13, body),
  );
}

function parameter(one: Parameter): Buffer {
  if (one.in === "body") {
    const body = message(text(2, one.name), text(3, "body"), flag(4, one.required === true), field(5, schemaMessage(one.schema ?? {})));
    return message(field(1, message(field(1, body))));
  }
  const isPath = one.in === "path";
  const shared = [flag(1, one.required === true), text(2, one.in), text(4, one.name), text(isPath ? 5 : 6, one.type ?? "string")];
  return message(field(1, message(field(2, message(field(isPath ? 4 : 3, message(...shared)))))));
}

const texts: Readonly<Record<string, number>> = { $ref: 1, format: 2, title: 3, description: 4, pattern: 13 };
const numbers: Readonly<Record<string, number>> = {
  maxLength: 11,
  minLength: 12,
  maxItems: 14,
  minItems: 15,
  maxProperties: 17,
  minProperties: 18,
};

function schemaMessage(schema: SwaggerSchema): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (name in texts) parts.push(text(texts[name]!, String(value)));
    else if (name in numbers) parts.push(tagged(numbers[name]!, 0, varint(Number(value))));
    else if (name === "required") parts.push(...(value as string[]).map((one) => text(19, one)));
    else if (name === "enum") parts.push(...(value as unknown[]).map((one) => field(20, message(text(2, JSON.stringify(one))))));
    else if (name === "type") parts.push(field(22, message(text(1, String(value)))));
    else if (name === "items") parts.push(field(23, message(field(1, schemaMessage(value as SwaggerSchema)))));
    else if (name === "properties") {
      const properties = Object.entries(value as Record<string, SwaggerSchema>);
      parts.push(field(25, message(...properties.map(([one, inner]) => field(1, named(one, schemaMessage(inner)))))));
    } else if (name === "additionalProperties") {
      parts.push(
        field(21, typeof value === "boolean" ? message(flag(2, value)) : message(field(1, schemaMessage(value as SwaggerSchema)))),
      );
    }
  }
  return message(...parts, ...extensions(31, schema));
}

/** Vendor extensions, each as YAML (JSON is YAML; so are the values of an enumeration). */
function extensions(number: number, from: Readonly<Record<string, unknown>>): Buffer[] {
  return Object.entries(from)
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, value]) => field(number, named(name, message(text(2, JSON.stringify(value))))));
}

const named = (name: string, value: Buffer): Buffer => message(text(1, name), field(2, value));
const message = (...parts: Buffer[]): Buffer => Buffer.concat(parts);
const field = (number: number, body: Buffer): Buffer => tagged(number, 2, Buffer.concat([varint(body.length), body]));
const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));
const flag = (number: number, value: boolean): Buffer => (value ? tagged(number, 0, varint(1)) : Buffer.alloc(0));
const tagged = (number: number, type: number, body: Buffer): Buffer => Buffer.concat([varint(number * 8 + type), body]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
