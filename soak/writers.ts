import type { KubeObject, Resource } from "@outrigger/kit/api";
import { type Client, NotFoundError } from "@outrigger/kit/client";
import type { History } from "./history.ts";
import { body, COLOR, colors, kinds, NAMES, namespaces, SEQUENCE } from "./kinds.ts";
import type { Random } from "./random.ts";

/** One name that is written to, by one write at a time, so that its history is known exactly. */
interface Place {
  readonly kind: Resource;
  readonly namespace: string;
  readonly name: string;
  sequence: number;
  object: KubeObject | undefined;
  busy: boolean;
}

/** Creates, changes, deletes and recreates objects at a steady rate, and keeps the books. */
export class Writers {
  readonly #client: Client;
  readonly #history: History;
  readonly #random: Random;
  readonly #places: Place[] = [];
  readonly #under = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #began = 0;
  #ended: number | undefined;
  writes = 0;
  /** Writes that broke off, and were looked up afterwards. */
  unsure = 0;

  constructor(client: Client, history: History, random: Random) {
    this.#client = client;
    this.#history = history;
    this.#random = random;
    for (const kind of kinds)
      for (const namespace of namespaces)
        for (let i = 0; i < NAMES; i++)
          this.#places.push({ kind, namespace, name: `object-${i}`, sequence: 0, object: undefined, busy: false });
  }

  /** Seconds for which there was writing. */
  get seconds(): number {
    return ((this.#ended ?? performance.now()) - this.#began) / 1000;
  }

  /** @param rate writes per second. */
  start(rate: number): void {
    const began = performance.now();
    this.#began = began;
    let due = 0;
    this.#timer = setInterval(() => {
      const wanted = ((performance.now() - began) * rate) / 1000;
      // While the server is away writes do not pile up for later.
      if (wanted - due > rate) due = wanted;
      for (; due < wanted && this.#under.size < 64; due++) {
        const place = this.#random.pick(this.#places);
        if (place.busy) continue;
        place.busy = true;
        const work = this.#write(place).finally(() => {
          place.busy = false;
          this.#under.delete(work);
        });
        this.#under.add(work);
      }
    }, 20);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ended = performance.now();
    await Promise.all(this.#under);
  }

  async #write(place: Place): Promise<void> {
    if (place.object === undefined) return this.#attempt(place, () => this.#create(place));
    if (this.#random.chance(0.72)) return this.#attempt(place, () => this.#update(place));
    const again = this.#random.chance(0.5);
    await this.#attempt(place, () => this.#delete(place));
    // Deleted and made anew at once: a watcher that looks away sees one object become another.
    if (again && place.object === undefined) await this.#attempt(place, () => this.#create(place));
  }

  async #attempt(place: Place, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch {
      this.unsure++;
      await this.#lookUp(place);
    }
    this.writes++;
  }

  async #create(place: Place): Promise<void> {
    const object = body(place.kind, place.namespace, place.name, ++place.sequence, this.#random.pick(colors));
    this.#wrote(place, (await this.#client.create(place.kind, object as never)) as unknown as KubeObject);
  }
  async #update(place: Place): Promise<void> {
    const next = body(place.kind, place.namespace, place.name, ++place.sequence, this.#random.pick(colors)) as KubeObject;
    const { uid, resourceVersion } = place.object!.metadata;
    const object = { ...next, metadata: { ...next.metadata, uid, resourceVersion } };
    this.#wrote(place, (await this.#client.update(place.kind, object as never)) as unknown as KubeObject);
  }
  async #delete(place: Place): Promise<void> {
    await this.#client.delete(place.kind, place);
    place.object = undefined;
  }

  /** A write that broke off may have happened. */
  async #lookUp(place: Place): Promise<void> {
    for (;;) {
      try {
        this.#wrote(place, (await this.#client.get(place.kind, place)) as unknown as KubeObject);
        return;
      } catch (error) {
        if (error instanceof NotFoundError) {
          place.object = undefined;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  #wrote(place: Place, object: KubeObject): void {
    place.object = object;
    note(this.#history, object, false);
  }
}

/** Enters a state in the books. */
export function note(history: History, { metadata }: KubeObject, deleted: boolean): void {
  history.add(metadata.uid!, {
    version: metadata.resourceVersion!,
    sequence: Number(metadata.annotations?.[SEQUENCE] ?? -1),
    color: metadata.labels?.[COLOR] ?? "",
    deleted,
    at: Date.now(),
  });
}
