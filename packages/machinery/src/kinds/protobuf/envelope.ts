import type { KubeObject } from "@outrigger/kit/api";
import { schemaName } from "@outrigger/kit/kinds";
import { kinds } from "../table.ts";
import { encodeMessage, encodeWatchEvent } from "./encode.ts";
import { decodeMessage } from "./message.ts";
import { type WireMessage, wireMessage } from "./messages.ts";
import { ProtobufError } from "./wire.ts";
import { WireWriter } from "./writer.ts";

/** What a body begins with (`k8s\0`), so that nobody takes it for text. */
const PREFIX = [0x6b, 0x38, 0x73, 0x00];
const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

interface Unknown {
  readonly apiVersion?: string;
  readonly kind?: string;
  /** Base64. */
  readonly raw?: string;
  readonly contentEncoding?: string;
  readonly contentType?: string;
}

/**
 * Reads a body of `application/vnd.kubernetes.protobuf`: `k8s\0` and a `runtime.Unknown` that says the kind and holds the object.
 *
 * @throws ProtobufError with Kubernetes' text where the body is no such thing or of no kind that it knows.
 */
export function decodeProtobuf(body: Uint8Array): KubeObject {
  if (body.length === 0) throw new ProtobufError("empty data");
  if (!PREFIX.every((byte, index) => body[index] === byte))
    throw new ProtobufError(`provided data does not appear to be a protobuf message, expected prefix [${PREFIX.join(" ")}]`);
  const {
    apiVersion = "",
    kind = "",
    raw = "",
  } = decodeMessage(wireMessage("io.k8s.apimachinery.pkg.runtime.Unknown")!, body.subarray(PREFIX.length)) as Unknown;
  const object = decodeMessage(messageOf(apiVersion, kind), Buffer.from(raw, "base64")) as Omit<KubeObject, "apiVersion" | "kind">;
  return { apiVersion, kind, ...object } as KubeObject;
}

/**
 * Writes an object as a body of `application/vnd.kubernetes.protobuf`: the other way of `decodeProtobuf`.
 *
 * @throws ProtobufError where the kind is not one of Kubernetes' own.
 */
export function encodeProtobuf(object: { readonly apiVersion: string; readonly kind: string }): Uint8Array<ArrayBuffer> {
  const { apiVersion, kind } = object;
  const raw = encodeMessage(messageOf(apiVersion, kind), object);
  const typeMeta = encodeMessage(wireMessage("io.k8s.apimachinery.pkg.runtime.TypeMeta")!, { apiVersion, kind });
  const writer = new WireWriter();
  // The type of the content and its encoding are empty: it is protobuf.
  writer.closeField(4, 0);
  writer.closeField(3, writer.length);
  const rawAt = writer.length;
  writer.raw(raw);
  writer.closeField(2, rawAt);
  const metaAt = writer.length;
  writer.raw(typeMeta);
  writer.closeField(1, metaAt);
  writer.raw(Uint8Array.from(PREFIX));
  return writer.bytes();
}

/** A frame of a watch in protobuf: its length in four bytes, and then the event (`k8s.io/apimachinery/pkg/util/framer`). */
export function encodeProtobufEvent(type: string, object: { readonly apiVersion: string; readonly kind: string }): Uint8Array<ArrayBuffer> {
  const event = encodeWatchEvent(type, encodeProtobuf(object));
  const frame = new Uint8Array(4 + event.length);
  new DataView(frame.buffer).setUint32(0, event.length);
  frame.set(event, 4);
  return frame;
}

/** A kind's message stands where the other kinds of its group version do; bodies such as DeleteOptions are the same in each. */
function messageOf(apiVersion: string, kind: string): WireMessage {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const other = kinds().rows.find((row) => row.group === group && row.version === version);
  const definition = other && schemaName(other.schema);
  const own = definition === undefined ? undefined : wireMessage(`${definition.slice(0, definition.lastIndexOf("."))}.${kind}`);
  const message = own ?? wireMessage(`${META}.${kind}`);
  if (message) return message;
  throw new ProtobufError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
}
