import type { KubeObject } from "@outrigger/kit/api";
import { apiVersionOf, type Bookmark, type ServedResource, type WatchEvent } from "../registry/index.ts";
import type { MediaType } from "./media-types.ts";
import { includeObject } from "./respond.ts";
import { type IncludeObject, partialMetadata, table } from "./table.ts";

/** Encodes the events of one watch; what is alike for all watchers is encoded once and kept with the event. */
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
    this.#form = `${this.#apiVersion} ${media.as ?? ""} ${media.version} ${this.#include}`;
  }

  frame(event: WatchEvent | Bookmark): string {
    if (event.type === "BOOKMARK") return this.#encode("BOOKMARK", this.#bookmark(event));
    const isTable = this.#media.as === "Table";
    const shared = event.object === undefined && !(isTable && this.#first) ? event.frames : undefined;
    const key = `${event.type} ${this.#form}`;
    const known = shared?.get(key);
    if (known) return known;
    const frame =
      this.#media.as === undefined && event.object === undefined
        ? `{"type":"${event.type}","object":${event.entry.text}}\n`
        : this.#encode(event.type, event.object ?? event.entry.object);
    shared?.set(key, frame);
    return frame;
  }

  #encode(type: string, object: KubeObject): string {
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
