import { expect } from "vitest";
import type { Answer, Api } from "./api.ts";

const path = "/api/v1/namespaces/default/configmaps";
const CLIENTS = 8;

interface Data {
  readonly value: string;
  readonly copy: string;
  readonly padding: string;
}
const dataOf = (value: number): Data => ({ value: String(value), copy: String(value), padding: "x".repeat((value * 389) % 4000) });

/** `undefined`: the object is not there. */
type State = { readonly version: number; readonly value?: string | undefined } | undefined;
interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Data;
}

/** Clients that create, replace and delete ConfigMaps, and know what was acknowledged. */
export class Writers {
  /** The highest version that any answer showed. */
  highest = 0;
  /** Acknowledged writes. */
  count = 0;
  readonly #acknowledged = new Map<string, State>();
  /** By name: the write whose answer never came. `"gone"` is a deletion. */
  readonly #unanswered = new Map<string, string>();

  /** Writes until the server is gone. */
  async run(api: Api, round: number): Promise<void> {
    this.#unanswered.clear();
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.#client(api, round, client)));
  }

  acknowledged({ metadata, data }: Item): void {
    const version = Number(metadata.resourceVersion);
    this.#acknowledged.set(metadata.name, { version, value: data?.value });
    this.highest = Math.max(this.highest, version);
    this.count++;
  }

  async #client(api: Api, round: number, client: number): Promise<void> {
    const counter = `counter-${client}`;
    try {
      for (let step = 0; ; step++) {
        const name = `round-${round}-${client}-${step}`;
        const value = round * 100_000 + step;
        await this.#write(counter, String(value), () =>
          this.#acknowledged.get(counter)
            ? api.send("PUT", `${path}/${counter}`, { metadata: { name: counter }, data: dataOf(value) })
            : api.send("POST", path, { metadata: { name: counter }, data: dataOf(value) }),
        );
        await this.#write(name, String(value), () => api.send("POST", path, { metadata: { name }, data: dataOf(value) }));
        if (step % 3 === 0) await this.#write(name, "gone", () => api.send("DELETE", `${path}/${name}`));
      }
    } catch (error) {
      // The server was killed; anything else is an answer that should not have been.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  async #write(name: string, result: string, write: () => Promise<Answer>): Promise<void> {
    this.#unanswered.set(name, result);
    const { status, body } = await write();
    if (status >= 300) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    this.#unanswered.delete(name);
    if (result === "gone") {
      this.#acknowledged.set(name, undefined);
      this.count++;
    } else this.acknowledged(body);
  }

  /** Compares with what the server has after its restart; from then on that counts. */
  check(items: readonly Item[], why: string): void {
    const found = new Map(items.map((item) => [item.metadata.name, item]));
    found.delete("kube-root-ca.crt");
    for (const { metadata, data } of found.values()) {
      // Nothing is half there, and nothing that nobody wrote.
      if (data) expect(data, `${metadata.name}, ${why}`).toEqual(dataOf(Number(data.value)));
      expect(this.#acknowledged.has(metadata.name) || this.#unanswered.has(metadata.name), `${metadata.name}, ${why}`).toBe(true);
    }
    for (const name of new Set([...this.#acknowledged.keys(), ...this.#unanswered.keys()])) {
      const state = this.#acknowledged.get(name);
      const item = found.get(name);
      const now: State = item && { version: Number(item.metadata.resourceVersion), value: item.data?.value };
      const unanswered = this.#unanswered.get(name);
      const applied = unanswered === "gone" ? now === undefined : unanswered !== undefined && now?.value === unanswered;
      if (applied) expect(now?.version ?? Number.POSITIVE_INFINITY, `${name}, ${why}`).toBeGreaterThan(state?.version ?? 0);
      else expect(now, `${name}, ${why}`).toEqual(state);
      this.#acknowledged.set(name, now);
    }
  }

  /** Names and versions, as `Followed.objects()` has them. */
  objectsOf(items: readonly Item[]): Record<string, string> {
    return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion] as const).sort());
  }
}
