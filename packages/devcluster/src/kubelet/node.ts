import { isDeepStrictEqual } from "node:util";
import { ownerReference } from "@outrigger/kit/api";
import { AlreadyExistsError, type Client, NotFoundError } from "@outrigger/kit/client";
import { Lease, Node } from "../objects/index.ts";

const LEASE_NAMESPACE = "kube-node-lease";
const LEASE_SECONDS = 40;
const MANAGER = "kubelet";
/** Milliseconds between heartbeats, and between looks at the node's own status. */
const HEARTBEAT_MS = 10_000;
/** An unchanged status is reported again after this time. */
const REPORT_MS = 300_000;

export interface NodeOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Readonly<Record<string, string>>;
  readonly address: string;
  /** The first two numbers of pod addresses. */
  readonly podNetwork: string;
}

/** The node's own object and its Lease, kept alive. */
export class NodeKeeper {
  readonly #client: Client;
  readonly #options: NodeOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #beat: Promise<void> = Promise.resolve();
  #reported = 0;

  constructor(client: Client, options: NodeOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Registers the node, reports it ready and starts the heartbeats. */
  async start(): Promise<void> {
    const { name, labels, podNetwork } = this.#options;
    const podCIDR = `${podNetwork}.0.0/24`;
    const signal = this.#stop.signal;
    const desired = { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: { podCIDR, podCIDRs: [podCIDR] } } as const;
    try {
      await this.#client.create(Node, desired, { fieldManager: MANAGER, signal });
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
    await this.#report();
    this.#beat = this.#renew();
    await this.#beat;
    this.#timer = setInterval(() => {
      this.#beat = this.#beat.then(async () => {
        await this.#renew();
        await this.#report().catch(() => {});
      });
    }, HEARTBEAT_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new DOMException("the kubelet stopped", "AbortError"));
    await this.#beat.catch(() => {});
  }

  /** PATCHes the status where it is not what it should be, or was not reported for long. */
  async #report(): Promise<void> {
    const { name } = this.#options;
    const signal = this.#stop.signal;
    const node = await this.#client.get(Node, { name }, { signal });
    const now = new Date();
    const wanted = this.#status(node, now);
    const due = now.getTime() - this.#reported > REPORT_MS;
    if (
      !due &&
      Object.entries(wanted).every(([field, value]) => same(field, value, (node.status as Record<string, unknown> | undefined)?.[field]))
    )
      return;
    await this.#client.patch(
      Node,
      { name },
      { type: "strategic", patch: { status: wanted } },
      { subresource: "status", fieldManager: MANAGER, signal },
    );
    this.#reported = now.getTime();
  }

  #status(node: Node, now: Date): object {
    const { name, capacity, address } = this.#options;
    const time = now.toISOString().replace(/\.\d+Z$/, "Z");
    const condition = (type: string, status: string, reason: string, message: string): object => {
      const before = node.status?.conditions?.find((one) => one.type === type);
      const lastTransitionTime = before?.status === status ? before.lastTransitionTime : time;
      return { type, status, reason, message, lastHeartbeatTime: time, lastTransitionTime };
    };
    const id = name;
    return {
      capacity,
      allocatable: capacity,
      conditions: [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      ],
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        architecture: "amd64",
        bootID: id,
        containerRuntimeVersion: "stage://1.0",
        kernelVersion: "6.0.0",
        kubeProxyVersion: "",
        kubeletVersion: "v1.36.0",
        machineID: id,
        operatingSystem: "linux",
        osImage: "devcluster",
        systemUUID: id,
      },
    };
  }

  async #renew(): Promise<void> {
    const { name } = this.#options;
    const signal = this.#stop.signal;
    const key = { namespace: LEASE_NAMESPACE, name };
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    try {
      await this.#client.patch(
        Lease,
        key,
        { type: "merge", patch: { spec: { renewTime, holderIdentity: name } } },
        { fieldManager: MANAGER, signal },
      );
    } catch (error) {
      if (!(error instanceof NotFoundError)) return;
      const node = await this.#client.find(Node, { name }, { signal }).catch(() => undefined);
      if (!node) return;
      const lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { ...key, ownerReferences: [ownerReference(node, { controller: false })] },
        spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
      } as const;
      // Its namespace may still be on its way; the next heartbeat tries again.
      await this.#client.create(Lease, lease as never, { fieldManager: MANAGER, signal }).catch(() => {});
    }
  }
}

/** Heartbeats aside: they alone are no change. */
function same(field: string, wanted: unknown, found: unknown): boolean {
  if (field === "nodeInfo" || field === "daemonEndpoints") return found !== undefined;
  if (field !== "conditions") return isDeepStrictEqual(wanted, found);
  const lasting = (conditions: unknown): unknown =>
    ((conditions ?? []) as { lastHeartbeatTime?: string }[]).map(({ lastHeartbeatTime: _, ...rest }) => rest);
  return isDeepStrictEqual(lasting(wanted), lasting(found));
}
