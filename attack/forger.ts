import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Kubectl } from "../e2e/kubectl.ts";

export interface FloodOptions {
  readonly path?: string;
  /** JSON of each review, where `{n}` becomes a number that grows; sent over and over again. */
  readonly bodies?: string;
  /** How many reviews are under way at a time. */
  readonly lanes?: number;
  /** Connections that are opened and held, beside those that send reviews. */
  readonly connections?: number;
  /** What is said on each, and how many blanks after it. */
  readonly say?: { readonly text: string; readonly padding?: number };
}

export interface FloodCounts {
  readonly sent: number;
  /** How often each HTTP status, or code of an error, came back. */
  readonly answers: ReadonlyMap<number | string, number>;
}

/** A flood under way, in a thread of its own. */
export interface Flood {
  counts(): Promise<FloodCounts>;
  stop(): Promise<void>;
}

/** Somebody who reaches the webhooks' port, and has no rights in the cluster. */
export type Forger = (options: FloodOptions) => Promise<Flood>;

/** Finds out where API servers send reviews, as whoever scans the network would find the port. */
export async function forgerFor(kubectl: Kubectl): Promise<Forger> {
  const url = await kubectl(
    "get",
    "validatingwebhookconfigurations",
    "outrigger-sidecarsets",
    "-o",
    "jsonpath={.webhooks[0].clientConfig.url}",
  );
  const { hostname: host, port } = new URL(url);
  return async (options) => {
    const worker = new Worker(new URL("./flood-worker.ts", import.meta.url), { workerData: { ...options, host, port: Number(port) } });
    worker.on("error", () => {});
    await once(worker, "message");
    return {
      async counts() {
        worker.postMessage("counts");
        const [{ sent, answers }] = await once(worker, "message");
        return { sent, answers: new Map(answers) };
      },
      async stop() {
        await worker.terminate();
      },
    };
  };
}

/** A SidecarSet as one would send it. */
export function sidecarSet(name: string, selector: object) {
  return {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name },
    spec: { selector, containers: [{ name: `c-${name}`, image: "busybox:1.36" }] },
  };
}

/** The review of an object that somebody claims to be making, as JSON. */
export function creation(object: { readonly kind: string }, more: object = {}): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "forged",
      operation: "CREATE",
      kind: { group: "", version: "v1", kind: object.kind },
      resource: { group: "", version: "v1", resource: "" },
      object,
      ...more,
    },
  });
}
