import { objectKey } from "@outrigger/kit/api";
import { type Informers, informers as makeInformers } from "@outrigger/kit/cache";
import { type Client, ConflictError, NotFoundError } from "@outrigger/kit/client";
import { eventRecorder, type WritingEventRecorder } from "@outrigger/kit/controller";
import { ConfigMap, Node, PersistentVolumeClaim, Pod, Secret } from "../objects/index.ts";
import { AddressPool } from "./addresses.ts";
import { Admission, type Refusal } from "./admit.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { LogRequest } from "./log-source.ts";
import { containerLog } from "./logs.ts";
import { NodeKeeper } from "./node.ts";
import { type PodHost, PodRunner } from "./pod-runner.ts";
import { DEFAULT_STAGES, type Stages } from "./stages.ts";
import { StatusReporter } from "./status-reporter.ts";

export interface KubeletOptions {
  /** Default `devnode`. */
  readonly nodeName?: string;
  /** Beside hostname, operating system and architecture. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: 8 CPUs, 32Gi of memory, 250 pods. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** The node's address. Default `127.0.0.1`. */
  readonly address?: string;
  /** The first two numbers of pod addresses. Default `10.244`. */
  readonly podNetwork?: string;
  readonly stages?: Partial<Stages>;
  /** A pod cache to share, as `startControllers` gives it; a watch of this node's pods alone otherwise. */
  readonly informers?: Informers;
}
export interface RunningKubelet {
  readonly nodeName: string;
  /** Lines of a container's log. Throws a `StatusError` where there are none to give. */
  logs(request: LogRequest): AsyncIterable<string>;
  /** Stops everything, leaving node and pods as they are. */
  stop(): Promise<void>;
}

const CAPACITY = { cpu: "8", memory: "32Gi", "ephemeral-storage": "100Gi", pods: "250" };

/** Starts a node that takes pods through their stages; resolves when it is registered and ready. */
export async function startKubelet(client: Client, options: KubeletOptions = {}): Promise<RunningKubelet> {
  const { nodeName = "devnode", labels = {}, capacity = CAPACITY, address = "127.0.0.1", podNetwork = "10.244" } = options;
  const ownLabels = { "kubernetes.io/hostname": nodeName, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
  const stages = { ...DEFAULT_STAGES, ...options.stages };
  const node = new NodeKeeper(client, { name: nodeName, labels: { ...ownLabels, ...labels }, capacity, address, podNetwork });
  const informers = options.informers ?? makeInformers(client);
  const nodes = informers.for(Node, options.informers ? {} : { fieldSelector: `metadata.name=${nodeName}` });
  const allocatable = (): Readonly<Record<string, unknown>> => nodes.lister.get({ name: nodeName })?.status?.allocatable ?? capacity;
  const kubelet = new Kubelet(client, nodeName, allocatable, address, stages, podNetwork);
  const pods = informers.for(Pod, options.informers ? {} : { fieldSelector: `spec.nodeName=${nodeName}` });
  await node.start();
  // Pods that were there before are judged by the node as it is stored: it may allow more than the kubelet knows of.
  if (!options.informers) informers.start();
  await nodes.synced();
  const registration = pods.addHandler({
    onAdd: (pod) => kubelet.seen(pod),
    onUpdate: (pod) => kubelet.seen(pod),
    onDelete: (pod) => kubelet.gone(pod),
  });
  await registration.synced();
  return {
    nodeName,
    logs: (request) => containerLog(kubelet.find(request.namespace, request.pod), request),
    async stop() {
      registration.remove();
      await kubelet.stop();
      await node.stop();
      if (!options.informers) await informers.stop();
    },
  };
}

/** The pods of one node. */
class Kubelet implements PodHost {
  readonly stages: Stages;
  readonly hostIP: string;
  readonly #client: Client;
  readonly #nodeName: string;
  readonly #runners = new Map<string, PodRunner>();
  readonly #byName = new Map<string, PodRunner>();
  readonly #addresses: AddressPool;
  readonly #admission: Admission;
  readonly #events: WritingEventRecorder;
  readonly #reports: StatusReporter;
  readonly #deletions = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(
    client: Client,
    nodeName: string,
    allocatable: () => Readonly<Record<string, unknown>>,
    hostIP: string,
    stages: Stages,
    podNetwork: string | undefined,
  ) {
    this.#client = client;
    this.#nodeName = nodeName;
    this.stages = stages;
    this.hostIP = hostIP;
    this.#addresses = new AddressPool(podNetwork);
    this.#admission = new Admission(allocatable);
    this.#events = eventRecorder(client, { component: "kubelet", host: nodeName });
    this.#reports = new StatusReporter(client, this.#stop.signal);
  }

  find(namespace: string, name: string): PodRunner | undefined {
    return this.#byName.get(`${namespace}/${name}`);
  }

  seen(pod: Pod): void {
    if (pod.spec.nodeName !== this.#nodeName) return;
    const known = this.#runners.get(pod.metadata.uid);
    if (known) {
      this.#reports.seen(pod);
      known.update(pod);
      return;
    }
    const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (over && pod.metadata.deletionTimestamp === undefined) return;
    const runner = new PodRunner(pod, this);
    this.#runners.set(pod.metadata.uid, runner);
    this.#byName.set(`${pod.metadata.namespace}/${pod.metadata.name}`, runner);
    if (runner.address) this.#addresses.reserve(runner.address);
    if (pod.metadata.deletionTimestamp !== undefined) {
      runner.stop();
      return;
    }
    const refusal = this.#admission.admit(pod);
    if (refusal) this.#refuse(pod, refusal);
    else runner.begin();
  }

  gone(pod: Pod): void {
    const { uid, namespace, name } = pod.metadata;
    const runner = this.#runners.get(uid);
    if (!runner) return;
    runner.release();
    this.#runners.delete(uid);
    if (this.#byName.get(`${namespace}/${name}`) === runner) this.#byName.delete(`${namespace}/${name}`);
    this.#admission.release(uid);
    this.#reports.forget(uid);
  }

  takeAddress(): string {
    return this.#addresses.take();
  }
  releaseAddress(address: string): void {
    this.#addresses.release(address);
  }
  changed(runner: PodRunner): void {
    if (runner.over) this.#admission.release(runner.pod.metadata.uid);
    this.#reports.report(runner.pod, (pod) => runner.status(pod));
  }
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string, container?: string): void {
    const among = (containers: readonly { readonly name: string }[] | undefined): boolean =>
      containers?.some(({ name }) => name === container) ?? false;
    const list = among(pod.spec.initContainers)
      ? "initContainers"
      : among(pod.spec.ephemeralContainers)
        ? "ephemeralContainers"
        : "containers";
    this.#events.event(pod, reason, message, {
      type,
      ...(container === undefined ? {} : { fieldPath: `spec.${list}{${container}}` }),
    });
  }

  /** A read that fails counts as a problem too, in its own words; when the kubelet stops there is none. */
  async problem(find: (reader: ConfigurationReader) => Promise<string | undefined>): Promise<string | undefined> {
    const signal = this.#stop.signal;
    const reader: ConfigurationReader = {
      configMap: (namespace, name) => this.#client.find(ConfigMap, { namespace, name }, { signal }) as never,
      secret: (namespace, name) => this.#client.find(Secret, { namespace, name }, { signal }) as never,
      claim: (namespace, name) => this.#client.find(PersistentVolumeClaim, { namespace, name }, { signal }),
    };
    try {
      return await find(reader);
    } catch (error) {
      return signal.aborted ? undefined : (error as Error).message;
    }
  }

  stopped(runner: PodRunner): void {
    const { pod } = runner;
    if (pod.metadata.finalizers?.length) this.#reports.report(pod, (now) => runner.status(now));
    const work: Promise<void> = this.#client
      .delete(Pod, objectKey(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid }, signal: this.#stop.signal })
      .then(() => {})
      .catch((error: unknown) => {
        if (!(error instanceof NotFoundError || error instanceof ConflictError) && !this.#stop.signal.aborted)
          setTimeout(() => this.stopped(runner), 200).unref();
      })
      .finally(() => this.#deletions.delete(work));
    this.#deletions.add(work);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("the kubelet stopped", "AbortError"));
    for (const runner of this.#runners.values()) runner.cancel();
    await Promise.all([this.#reports.stop(), this.#events.stop(), ...this.#deletions]);
    this.#runners.clear();
  }

  /** A pod that the node cannot take fails for good. */
  #refuse(pod: Pod, { reason, message }: Refusal): void {
    this.#events.event(pod, reason, message, { type: "Warning" });
    const refused = { phase: "Failed", reason, message: `Pod was rejected: ${message}`, observedGeneration: pod.metadata.generation };
    this.#reports.report(pod, (now) => ({ ...now.status, ...refused }));
  }
}
