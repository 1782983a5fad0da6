import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Client } from "@outrigger/kit/client";
import { EndpointSlice, Service } from "@outrigger/kit/kinds";
import { eventually, type TestCluster } from "@outrigger/testing";
import { freePort } from "../e2e/free-port.ts";
import type { ManagerSettings } from "./rotation-manager.ts";

export const NAMESPACE = "outrigger-system";
const LOOK_MS = 100;
/** Three probes of the chart's readiness probe: a kubelet does not believe one that was missed. */
const UNREADY_AFTER_MS = 6_000;

export interface Replica {
  readonly process: ChildProcess;
  readonly settings: ManagerSettings;
  readonly output: () => string;
  /** As its readiness probe says. */
  ready: boolean;
  /** When its probe last succeeded. */
  seen: number;
}

/**
 * Managers as processes of this machine behind a Service, as replicas of a Deployment are: whoever is ready is called, one after
 * another; a connection to one that has gone goes to the next.
 */
export class Replicas {
  readonly all = new Set<Replica>();
  readonly #cluster: TestCluster;
  #server: Server | undefined;
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** Where the Service leads to. */
  get address(): { readonly host: string; readonly port: number } {
    if (!this.#server) throw new Error("open it first");
    return { host: ownAddress(), port: (this.#server.address() as AddressInfo).port };
  }

  async open(): Promise<void> {
    this.#server = createServer((socket) => {
      const ready = [...this.all].filter((replica) => replica.ready);
      const order = ready.map((_, index) => ready[(this.#next + index) % ready.length]!);
      this.#next++;
      const pass = (left: readonly Replica[]): void => {
        const [first, ...others] = left;
        if (!first) return void socket.destroy();
        const to = connect(first.settings.port, "127.0.0.1", () => socket.pipe(to).pipe(socket));
        to.on("error", () => (to.connecting || to.bytesRead > 0 ? socket.destroy() : pass(others)));
        to.on("close", () => to.bytesRead > 0 && socket.destroy());
        socket.on("close", () => to.destroy());
      };
      socket.on("error", () => {});
      pass(order);
    });
    this.#server.listen(0, "0.0.0.0");
    await once(this.#server, "listening");
    await register(this.#cluster.client, this.address);
    this.#look();
  }

  /** @returns a manager that was started, ready or not. */
  async start(certificate: ManagerSettings["certificate"]): Promise<Replica> {
    const settings: ManagerSettings = {
      kubeconfig: this.#cluster.kubeconfigFile,
      host: "127.0.0.1",
      port: await freePort(),
      probesPort: await freePort(),
      certificate,
    };
    const args = ["--conditions=source", join(import.meta.dirname, "rotation-manager.ts"), JSON.stringify(settings)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    const replica: Replica = { process: child, settings, output: () => output, ready: false, seen: 0 };
    child.on("exit", () => this.all.delete(replica));
    this.all.add(replica);
    return replica;
  }

  async ready(...replicas: readonly Replica[]): Promise<void> {
    await eventually(
      () => {
        for (const one of replicas) if (one.process.exitCode !== null) throw new Error(`a manager ended:\n${one.output()}`);
        return replicas.every((one) => one.ready);
      },
      { timeoutMs: 60_000 },
    );
  }

  async stop(replica: Replica, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (replica.process.exitCode !== null || replica.process.signalCode !== null) return;
    const ended = once(replica.process, "exit");
    replica.process.kill(signal);
    await ended;
  }

  /** As a Deployment is rolled out: each is replaced once the new one is ready. */
  async roll(certificate: ManagerSettings["certificate"]): Promise<void> {
    for (const before of [...this.all]) {
      await this.ready(await this.start(certificate));
      // A pod that ends is called no longer.
      before.ready = false;
      await this.stop(before);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all([...this.all].map((one) => this.stop(one, "SIGKILL")));
    this.#server?.close();
  }

  #look(): void {
    this.#timer = setTimeout(async () => {
      await Promise.all(
        [...this.all].map(async (one) => {
          const answered = await fetch(`http://127.0.0.1:${one.settings.probesPort}/readyz`).catch(() => undefined);
          // One that is told to stop is not asked again.
          if (one.process.killed) return;
          if (answered?.ok) one.seen = performance.now();
          one.ready = one.seen > 0 && performance.now() - one.seen < UNREADY_AFTER_MS;
        }),
      );
      this.#look();
    }, LOOK_MS);
  }
}

async function register(client: Client, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  const metadata = { name: "outrigger-webhook", namespace: NAMESPACE };
  const ports = [{ name: "webhook", port: 443, protocol: "TCP" }];
  await client.create(Service, { apiVersion: "v1", kind: "Service", metadata, spec: { ports } } as never);
  await client.create(EndpointSlice, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports: [{ name: "webhook", port, protocol: "TCP" }],
  } as never);
}

/** An address of this machine that an endpoint may have: not one of the loopback. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal);
  if (!found) throw new Error("this machine has no IPv4 address beside the loopback's, and endpoints need one");
  return found.address;
}
