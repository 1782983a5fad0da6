import type { Client } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";

export interface Made {
  readonly name: string;
  /** Names of the pod's containers; absent where it was refused. */
  readonly containers?: readonly string[];
  readonly refused?: string;
}

export interface LoadOptions {
  /** Milliseconds between two pods of a lane. Default 20. */
  readonly pauseMs?: number;
  /** Only admitted, not stored. */
  readonly dryRun?: boolean;
}

/**
 * Pods that are made without end, one after another in each of some lanes, until stopped. They ask for a node that does not
 * exist, so that nothing runs: only their admission is under test.
 */
export class PodLoad {
  readonly made: Made[] = [];
  readonly #client: Client;
  readonly #namespace: string;
  readonly #labels: readonly Readonly<Record<string, string>>[];
  readonly #prefix: string;
  readonly #options: LoadOptions;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  /** @param labels of the pods, one after another. */
  constructor(
    client: Client,
    namespace: string,
    prefix: string,
    labels: readonly Readonly<Record<string, string>>[],
    options: LoadOptions = {},
  ) {
    this.#client = client;
    this.#namespace = namespace;
    this.#prefix = prefix;
    this.#labels = labels;
    this.#options = options;
  }

  start(lanes = 4): this {
    this.#running = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#lane(lane, lanes)));
    return this;
  }

  async stop(): Promise<readonly Made[]> {
    this.#stopped = true;
    await this.#running;
    return this.made;
  }

  async #lane(lane: number, step: number): Promise<void> {
    for (let index = lane; !this.#stopped; index += step) {
      const { pauseMs = 20, dryRun = false } = this.#options;
      const labels = this.#labels[index % this.#labels.length]!;
      this.made.push(await makePod(this.#client, this.#namespace, `${this.#prefix}-${index}`, labels, dryRun));
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }
}

export async function makePod(
  client: Client,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  dryRun = false,
): Promise<Made> {
  const spec = { nodeSelector: { no: "such-node" }, containers: [{ name: "app", image: "docker.io/library/busybox:1" }] };
  try {
    const pod = await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, labels }, spec } as never, {
      dryRun,
    });
    return { name, containers: (pod as unknown as { spec: { containers: { name: string }[] } }).spec.containers.map((one) => one.name) };
  } catch (error) {
    return { name, refused: (error as Error).message };
  }
}
