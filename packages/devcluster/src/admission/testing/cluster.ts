import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { KubeObject } from "@outrigger/kit/api";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import type { AdmissionAttributes, ClusterReader } from "../../registry/index.ts";

/** The objects of a cluster in memory, for what only reads them. */
export class Objects implements ClusterReader {
  readonly #objects = new Map<string, KubeObject[]>();
  readonly #versions = new Map<string, number>();

  put(group: string, plural: string, ...objects: KubeObject[]): void {
    const key = `${group}/${plural}`;
    const names = new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const kept = this.list(group, plural).filter(({ metadata }) => !names.has(`${metadata.namespace}/${metadata.name}`));
    this.#objects.set(key, [...kept, ...objects]);
    this.#versions.set(key, this.version(group, plural) + 1);
  }
  clear(group: string, plural: string): void {
    this.#objects.delete(`${group}/${plural}`);
    this.#versions.set(`${group}/${plural}`, this.version(group, plural) + 1);
  }
  get(group: string, plural: string, { namespace, name }: { namespace?: string; name: string }): KubeObject | undefined {
    return this.list(group, plural).find(({ metadata }) => metadata.name === name && (metadata.namespace ?? "") === (namespace ?? ""));
  }
  list(group: string, plural: string): readonly KubeObject[] {
    return this.#objects.get(`${group}/${plural}`) ?? [];
  }
  version(group: string, plural: string): number {
    return this.#versions.get(`${group}/${plural}`) ?? 0;
  }
}

export interface Call {
  path: string;
  httpVersion: string;
  headers: IncomingMessage["headers"];
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  body: any;
}

/** A webhook over real TLS that answers as the test says. */
export class TestWebhook {
  readonly calls: Call[] = [];
  /** Gets the review; answers through `response`, or returns the fields of the review's response. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the test wants to be answered
  answer: (call: Call, response: ServerResponse) => any = () => ({});
  readonly ca = createCa({ commonName: "webhook" });
  readonly caBundle = Buffer.from(this.ca.certificate).toString("base64");
  readonly #server: Server;

  constructor(names: { dnsNames?: string[]; ipAddresses?: string[] } = { dnsNames: ["hook.ns.svc"], ipAddresses: ["127.0.0.1"] }) {
    const { certificate, key } = issueCertificate(this.ca, { commonName: "hook", usages: ["server auth"], ...names });
    this.#server = createServer({ cert: certificate, key }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => void this.#serve(request, response, JSON.parse(Buffer.concat(chunks).toString())));
    });
  }
  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }
  get connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)));
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
  async #serve(request: IncomingMessage, response: ServerResponse, body: Call["body"]): Promise<void> {
    const call: Call = { path: request.url ?? "", httpVersion: request.httpVersion, headers: request.headers, body };
    this.calls.push(call);
    const answer = await this.answer(call, response);
    if (answer === undefined || response.writableEnded || response.destroyed) return;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ apiVersion: body.apiVersion, kind: body.kind, response: { uid: body.request.uid, allowed: true, ...answer } }),
    );
  }
}

/** What the registry would tell the chain about a request. */
export function attributesOf(
  overrides: Partial<AdmissionAttributes> & { object?: KubeObject | undefined },
): AdmissionAttributes & { warnings: string[] } {
  const warnings: string[] = [];
  return {
    operation: "CREATE",
    resource: { group: "", version: "v1", resource: "configmaps" },
    subresource: "",
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    scope: "Namespaced",
    name: overrides.object?.metadata.name ?? "",
    namespace: "ns",
    object: undefined,
    oldObject: undefined,
    options: {},
    dryRun: false,
    userInfo: { username: "admin", groups: ["system:masters"] },
    warn: (text) => warnings.push(text),
    defaulted: (object) => object,
    warnings,
    ...overrides,
  };
}

export function configMap(name: string, data: Record<string, string> = { a: "1" }, labels?: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "ns", ...(labels ? { labels } : {}) }, data };
}

export const jsonPatch = (operations: unknown[]): object => ({
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});
