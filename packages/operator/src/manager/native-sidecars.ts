import type { KubeObject } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { RUN_AS_ANNOTATION } from "../sidecarset/index.ts";

/** The minor version of Kubernetes 1 from which on every cluster runs native sidecars. */
const SINCE = 29;

/** Whether the cluster runs native sidecars. The API server is asked for its version when the first set needs to know. */
export class NativeSidecars {
  readonly #client: Client;
  #known: Promise<boolean> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** `undefined` for a set that does not ask for them. @throws StatusError, ConnectionError: the next set asks again */
  async supportedFor(set: KubeObject | null | undefined): Promise<boolean | undefined> {
    if (set?.metadata.annotations?.[RUN_AS_ANNOTATION] === undefined) return undefined;
    this.#known ??= this.#ask();
    try {
      return await this.#known;
    } catch (error) {
      this.#known = undefined;
      throw error;
    }
  }

  async #ask(): Promise<boolean> {
    const { major, minor } = (await this.#client.request({ method: "GET", path: "/version" })) as { major: string; minor: string };
    // Some distributions write `29+`.
    return Number(major) > 1 || Number.parseInt(minor, 10) >= SINCE;
  }
}
