import type { KubeObject, Resource } from "@outrigger/kit/api";
import { type Client, ExpiredError } from "@outrigger/kit/client";
import type { History } from "./history.ts";
import { kinds, namespaces } from "./kinds.ts";
import { note } from "./writers.ts";

/** A second watch of every kind, straight to the server, that writes down each state. */
export class Witness {
  readonly #client: Client;
  readonly #history: History;
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;
  /** Restarts of the server lose what a watch had not read; the writers' answers fill that. */
  gaps = 0;
  events = 0;

  constructor(client: Client, history: History) {
    this.#client = client;
    this.#history = history;
  }

  start(): void {
    this.#running = Promise.all(kinds.map((kind) => this.#follow(kind)));
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(kind: Resource): Promise<void> {
    const { signal } = this.#stop;
    let version = "";
    while (!signal.aborted) {
      try {
        if (version === "") {
          const list = await this.#client.list(kind, { signal });
          for (const object of list.items) this.#note(object as unknown as KubeObject, false);
          version = list.resourceVersion;
        }
        for await (const event of this.#client.watch(kind, { resourceVersion: version, allowBookmarks: true, signal })) {
          if (event.type === "BOOKMARK") {
            version = event.resourceVersion;
            continue;
          }
          const object = event.object as unknown as KubeObject;
          version = object.metadata.resourceVersion!;
          this.#note(object, event.type === "DELETED");
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ExpiredError) {
          this.gaps++;
          version = "";
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #note(object: KubeObject, deleted: boolean): void {
    if (!namespaces.includes(object.metadata.namespace ?? "")) return;
    this.events++;
    note(this.#history, object, deleted);
  }
}
