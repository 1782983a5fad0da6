import { createHash } from "node:crypto";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { type Informers, informers } from "@outrigger/kit/cache";
import { type Client, connect } from "@outrigger/kit/client";
import {
  eventRecorder,
  installDefinitions,
  type RunningController,
  startController,
  type WritingEventRecorder,
} from "@outrigger/kit/controller";
import { ControllerRevision, Event, Namespace, Pod } from "@outrigger/kit/kinds";
import { rolloutController, SidecarSets, sidecarSetCrd } from "@outrigger/operator";
import { eventually } from "@outrigger/testing";
import type { FinalPod, RecordedPod, RecordedSet } from "./recording.ts";

const MANAGER = "rollout-manager";
const STATE = "kruise.io/sidecarset-inplace-update-state";

interface PodNow {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly { readonly name: string; readonly imageID: string }[];
  };
}

/** An API server without a kubelet, our rollout controller, and the recorder's part: it makes sets and pods, and plays the kubelet. */
export class RolloutStage {
  readonly #cluster: Devcluster;
  readonly #client: Client;
  readonly #informers: Informers;
  readonly #events: WritingEventRecorder;
  readonly #controller: RunningController;
  /** Seconds since the recording's day, for the times at which pods become ready. */
  #seconds = 0;

  private constructor(cluster: Devcluster, client: Client, caches: Informers, events: WritingEventRecorder, controller: RunningController) {
    this.#cluster = cluster;
    this.#client = client;
    this.#informers = caches;
    this.#events = events;
    this.#controller = controller;
  }

  static async start(): Promise<RolloutStage> {
    const cluster = await startDevcluster({ bare: true });
    const client = connect(cluster.transport(), { onWarning: () => {} });
    const crd = sidecarSetCrd({}) as unknown as { spec: { conversion?: unknown } };
    crd.spec.conversion = { strategy: "None" };
    await installDefinitions(client, [{ ...SidecarSets, crd: () => crd } as never]);
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: MANAGER } } as never);
    const caches = informers(client);
    const events = eventRecorder(client, { component: "outrigger-manager" });
    const controller = startController(rolloutController({ namespace: MANAGER, excludedNamespaces: [] }), {
      client,
      informers: caches,
      events,
    });
    caches.start();
    await controller.ready;
    return new RolloutStage(cluster, client, caches, events, controller);
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    await this.#informers.stop();
    await this.#events.stop();
    await this.#client.close();
    await this.#cluster.close();
  }

  async namespace(name: string): Promise<void> {
    await this.#client.apply(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } } as never);
  }

  async makeSet(name: string, { metadata, spec }: RecordedSet): Promise<void> {
    await this.#client.create(SidecarSets, { ...SET, metadata: { ...own(metadata), name }, spec } as never);
  }

  async changeSet(name: string, { metadata, spec }: RecordedSet): Promise<void> {
    const { resourceVersion } = (await this.#client.get(SidecarSets, { name })).metadata;
    await this.#client.update(SidecarSets, { ...SET, metadata: { ...own(metadata), name, resourceVersion }, spec } as never);
  }

  async makePod(namespace: string, pod: RecordedPod): Promise<void> {
    const { name, labels, images, annotations = {} } = pod;
    const containers = Object.entries(images).map(([container, image]) => ({ name: container, image }));
    const metadata = { namespace, name, labels, annotations: unmasked(annotations) };
    await this.#client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec: { containers } } as never);
    await this.#report(namespace, name, pod.ready, pod.readySince ?? "2026-01-01T00:00:00Z", new Set(Object.keys(images)));
  }

  async deletePod(namespace: string, name: string): Promise<void> {
    await this.#client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 });
  }

  async mark(namespace: string, name: string, metadata: object): Promise<void> {
    await this.#client.patch(Pod, { namespace, name }, { type: "merge", patch: { metadata } });
  }

  /** The kubelet stops the containers that have another image now: the pod is not ready, with the image ids of before. */
  async stopContainers(namespace: string, name: string): Promise<void> {
    await this.#report(namespace, name, false, this.#time(), new Set());
  }

  /** It starts them again: new image ids, ready at another second of the day. */
  async startContainers(namespace: string, name: string): Promise<void> {
    const { spec } = await this.#pod(namespace, name);
    await this.#report(namespace, name, true, this.#time(), new Set(spec.containers.map((container) => container.name)));
  }

  /** Waits until the controller has seen and done everything. */
  async quiet(): Promise<void> {
    let last = "";
    let calm = 0;
    await eventually(
      async () => {
        const { resourceVersion } = await this.#client.list(Namespace, { limit: 1 });
        calm = resourceVersion === last && this.#controller.idle && (await this.#caughtUp()) ? calm + 1 : 0;
        last = resourceVersion;
        return calm >= 4;
      },
      { intervalMs: 4, timeoutMs: 20_000 },
    );
  }

  /** The pods by name, as they are. */
  async pods(namespace: string): Promise<ReadonlyMap<string, PodNow>> {
    const { items } = await this.#client.list(Pod, { namespace });
    return new Map(items.map((pod) => [pod.metadata.name, pod as unknown as PodNow]));
  }

  async setStatus(name: string): Promise<Readonly<Record<string, unknown>>> {
    return ((await this.#client.get(SidecarSets, { name })).status ?? {}) as Readonly<Record<string, unknown>>;
  }

  async revisions(set: string): Promise<{ readonly name: string; readonly revision: number }[]> {
    const { items } = await this.#client.list(ControllerRevision, {
      namespace: MANAGER,
      labelSelector: `kruise.io/sidecarset-name=${set}`,
    });
    return items.map(({ metadata, revision }) => ({ name: metadata.name, revision })).sort((a, b) => a.revision - b.revision);
  }

  /** What was told of the set. */
  async events(set: string): Promise<{ readonly type: string; readonly reason: string }[]> {
    await this.#events.flushed();
    const { items } = await this.#client.list(Event);
    const ofSet = items.filter(({ involvedObject }) => involvedObject.kind === "SidecarSet" && involvedObject.name === set);
    return ofSet.map(({ type = "", reason = "" }) => ({ type, reason }));
  }

  async #pod(namespace: string, name: string): Promise<PodNow> {
    return (await this.#client.get(Pod, { namespace, name })) as unknown as PodNow;
  }

  async #report(namespace: string, name: string, ready: boolean, time: string, started: ReadonlySet<string>): Promise<void> {
    const { spec, status } = await this.#pod(namespace, name);
    const before = new Map((status?.containerStatuses ?? []).map((one) => [one.name, one]));
    const containerStatuses = spec.containers.map((container) => {
      const image = container.image ?? "";
      const fresh = started.has(container.name) || !before.has(container.name);
      const old = before.get(container.name);
      return fresh
        ? { name: container.name, image, imageID: imageId(image), ready, restartCount: 0 }
        : { ...old, ready: ready || old!.imageID === imageId(image) };
    });
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: time }];
    const patch = { status: { phase: "Running", conditions, containerStatuses } };
    await this.#client.patch(Pod, { namespace, name }, { type: "strategic", patch }, { subresource: "status" });
  }

  async #caughtUp(): Promise<boolean> {
    for (const resource of [SidecarSets, ControllerRevision] as const) {
      const { items } = await this.#client.list(resource);
      const options = resource === ControllerRevision ? { namespace: MANAGER, labelSelector: "kruise.io/sidecarset-name" } : {};
      const { lister } = this.#informers.for(resource as typeof SidecarSets, options);
      if (!items.every(({ metadata }) => lister.get(metadata)?.metadata.resourceVersion === metadata.resourceVersion)) return false;
    }
    return true;
  }

  #time(): string {
    return new Date(Date.UTC(2026, 5, 1, 0, 0, ++this.#seconds)).toISOString().replace(".000Z", "Z");
  }
}

const SET = { apiVersion: SidecarSets.apiVersion, kind: "SidecarSet" };

function own({ annotations, labels }: RecordedSet["metadata"]): object {
  return { ...(annotations === undefined ? {} : { annotations }), ...(labels === undefined ? {} : { labels }) };
}

/** As the recorder makes them. */
function imageId(image: string): string {
  const digest = image.includes("@") ? image.slice(image.indexOf("@") + 1) : `sha256:${createHash("sha256").update(image).digest("hex")}`;
  return `docker-pullable://${image.replace(/@.*$|:[^:/]+$/, "")}@${digest}`;
}

function unmasked(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [
      key,
      value.replaceAll("<masked>", "2026-01-01T00:00:00Z").replaceAll("<sidecarset resourceVersion>", "1"),
    ]),
  );
}

/** A pod at the end as recordings have it, masks and all. */
export function finalPod(pod: PodNow): FinalPod {
  const annotations = Object.entries(pod.metadata.annotations ?? {}).map(([key, value]) => [key, masked(key, value)] as const);
  return {
    name: pod.metadata.name,
    annotations: Object.fromEntries(annotations),
    images: imagesOf(pod),
    conditions: (pod.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
      type,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    })),
    ready: (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
  };
}

export function imagesOf({ spec }: PodNow): Record<string, string> {
  return Object.fromEntries(spec.containers.map(({ name, image = "" }) => [name, image]));
}

function masked(key: string, value: string): string {
  if (/^version(alt)?\.sidecarset\.kruise\.io\//.test(key)) return value === "0" ? value : "<sidecarset resourceVersion>";
  return key.startsWith("kruise.io/sidecarset-hash") || key === STATE
    ? value.replaceAll(/"updateTimestamp":"[^"]*"/g, '"updateTimestamp":"<masked>"')
    : value;
}
