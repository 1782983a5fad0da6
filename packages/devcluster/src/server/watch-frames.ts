import { Buffer } from "node:buffer";
import type { KubeObject, Status } from "@outrigger/kit/api";
import { encodeProtobufEvent } from "@outrigger/machinery/kinds";
import { apiVersionOf, type Bookmark, type ServedResource, type WatchEvent } from "../registry/index.ts";
import type { MediaType } from "./media-types.ts";
import { includeObject } from "./respond.ts";
import { type IncludeObject, partialMetadata, table } from "./table.ts";

/**
 * Encodes the events of one watch; what is alike for all watchers is encoded once and kept with the event. A frame in
 * protobuf is a string with a character for each byte (`latin1`), so that it is kept and joined as the others are.
 */
export class WatchFrames {
  readonly #resource: ServedResource;
  readonly #media: MediaType;
  readonly #include: IncludeObject;
  readonly #apiVersion: string;
  readonly #form: string;
  #first = true;

  constructor(resource: ServedResource, media: MediaType, query: URLSearchParams) {
    this.#resource = resource;
    this.#media = media;
    this.#include = media.as === "Table" ? includeObject(query) : "Metadata";
    this.#apiVersion = apiVersionOf(resource);
    this.#form = `${media.format} ${this.#apiVersion} ${media.as ?? ""} ${media.version} ${this.#include}`;
  }

  frame(event: WatchEvent | Bookmark): string {
    if (event.type === "BOOKMARK") return this.#encode("BOOKMARK", this.#bookmark(event));
    const isTable = this.#media.as === "Table";
    const shared = event.object === undefined && !(isTable && this.#first) ? event.frames : undefined;
    const key = `${event.type} ${this.#form}`;
    const known = shared?.get(key);
    if (known) return known;
    const frame =
      this.#media.format !== "protobuf" && this.#media.as === undefined && event.object === undefined
        ? `{"type":"${event.type}","object":${event.entry.text}}\n`
        : this.#encode(event.type, event.object ?? event.entry.object);
    shared?.set(key, frame);
    return frame;
  }

  /** The frame of an error, after which the watch ends or lists anew. */
  error(status: Status): string {
    return this.#media.format === "protobuf" ? binaryFrame("ERROR", status) : `${JSON.stringify({ type: "ERROR", object: status })}\n`;
  }

  #encode(type: string, object: KubeObject): string {
    if (this.#media.format === "protobuf") return binaryFrame(type, this.#shown(object) as KubeObject);
    return `${JSON.stringify({ type, object: this.#shown(object) })}\n`;
  }

  #shown(object: KubeObject): unknown {
    if (this.#media.as === undefined) return object;
    if (this.#media.as !== "Table") return partialMetadata(object, this.#media.version);
    const columns = this.#first;
    this.#first = false;
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return table(this.#resource, [object], metadata, { version: this.#media.version, include: this.#include, columns });
  }

  #bookmark({ revision, initialEventsEnd }: Bookmark): KubeObject {
    return {
      kind: this.#resource.kind,
      apiVersion: this.#apiVersion,
      metadata: {
        resourceVersion: String(revision),
        ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
      },
    };
  }
}

function binaryFrame(type: string, object: { readonly apiVersion: string; readonly kind: string }): string {
  const frame = encodeProtobufEvent(type, object);
  return Buffer.from(frame.buffer).toString("latin1");
}
