import { request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@outrigger/kit/client";
import { MutatingWebhookConfiguration } from "@outrigger/kit/kinds";

const LOOK_MS = 50;
const PAUSE_MS = 40;

interface Known {
  readonly at: number;
  readonly bundle: string;
  readonly path: string;
}

/** An API server that learns of webhook configurations late: it calls the webhook as they were, on a connection of its own each time. */
export class LateCaller {
  readonly failures: string[] = [];
  calls = 0;
  readonly #client: Client;
  readonly #lateMs: number;
  readonly #address: { readonly host: string; readonly port: number };
  readonly #known: Known[] = [];
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(client: Client, lateMs: number, address: { readonly host: string; readonly port: number }) {
    this.#client = client;
    this.#lateMs = lateMs;
    this.#address = address;
  }

  start(): this {
    this.#running = Promise.all([this.#learn(), this.#call()]);
    return this;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #learn(): Promise<void> {
    while (!this.#stopped) {
      const found = await this.#client.find(MutatingWebhookConfiguration, { name: "outrigger-pods" });
      const config = found?.webhooks?.[0]?.clientConfig;
      const bundle = Buffer.from(config?.caBundle ?? "", "base64").toString();
      const path = config?.service?.path ?? "";
      if (config && this.#known.at(-1)?.bundle !== bundle) this.#known.push({ at: performance.now(), bundle, path });
      await pause(LOOK_MS);
    }
  }

  async #call(): Promise<void> {
    while (!this.#stopped) {
      const late = this.#known.findLast(({ at }) => at <= performance.now() - this.#lateMs);
      if (late) {
        this.calls++;
        await this.#review(late).catch((error: Error) => this.failures.push(error.message));
      }
      await pause(PAUSE_MS);
    }
  }

  #review({ bundle, path }: Known): Promise<void> {
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: "late",
        kind: { group: "", version: "v1", kind: "Pod" },
        resource: { group: "", version: "v1", resource: "pods" },
        name: "late",
        namespace: "default",
        operation: "CREATE",
        userInfo: {},
        dryRun: true,
        object: { apiVersion: "v1", kind: "Pod", metadata: { name: "late", namespace: "default" }, spec: { containers: [] } },
      },
    });
    const servername = "outrigger-webhook.outrigger-system.svc";
    const options = { ...this.#address, path, method: "POST", ca: bundle, servername, agent: false as const, timeout: 10_000 };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, headers: { "content-type": "application/json", host: servername } }, (response) => {
        response.resume();
        response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
