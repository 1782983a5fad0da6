// An API server for this benchmark: pods as WatchList, a Lease, and a message upon which the watch ends with 410, so that
// everything is listed again.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { pod } from "../api/pod.ts";
import { answerWith } from "../contender.ts";

export type Ask = { readonly pods: number } | "expire" | "renewals";
export interface Renewals {
  readonly count: number;
  readonly holders: number;
  /** Milliseconds. */
  readonly longestPause: number;
}

const EXPIRED = { type: "ERROR", object: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 } };
const lines: Buffer[] = [];
const watches = new Set<ServerResponse>();
let lease: { metadata: { resourceVersion?: string }; spec: { holderIdentity?: string } } | undefined;
let version = 1;
const renewed: number[] = [];
const holders = new Set<string | undefined>();

answerWith(async (ask: Ask): Promise<unknown> => {
  if (ask === "expire") {
    for (const response of watches) response.end(`${JSON.stringify(EXPIRED)}\n`);
    watches.clear();
    return;
  }
  if (ask === "renewals") {
    const pauses = renewed.slice(1).map((at, index) => at - renewed[index]!);
    return { count: renewed.length, holders: holders.size, longestPause: Math.max(...pauses) } satisfies Renewals;
  }
  for (let index = 0; index < ask.pods; index++) lines.push(Buffer.from(`${JSON.stringify({ type: "ADDED", object: pod(index) })}\n`));
  const metadata = { resourceVersion: "9000000", annotations: { "k8s.io/initial-events-end": "true" } };
  lines.push(Buffer.from(`${JSON.stringify({ type: "BOOKMARK", object: { kind: "Pod", apiVersion: "v1", metadata } })}\n`));
  const ca = createCa({ commonName: "bench" });
  const { certificate, key } = issueCertificate(ca, { commonName: "api", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  const server = createServer({ cert: certificate, key }, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: {
          server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
          "certificate-authority-data": Buffer.from(ca.certificate).toString("base64"),
        },
      },
    ],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, "https://x");
  response.setHeader("content-type", "application/json");
  if (pathname === "/api/v1/pods") {
    response.flushHeaders();
    // From a version there is nothing to tell; from the start, everything, as fast as it is taken.
    if (searchParams.get("sendInitialEvents") === "true") {
      for (const line of lines) if (!response.write(line)) await new Promise((resolve) => response.once("drain", resolve));
    }
    watches.add(response);
    return;
  }
  let text = "";
  for await (const chunk of request) text += chunk;
  if (request.method !== "GET") {
    lease = { ...JSON.parse(text) } as NonNullable<typeof lease>;
    lease.metadata = { ...lease.metadata, resourceVersion: String(++version) };
    renewed.push(performance.now());
    holders.add(lease.spec.holderIdentity);
  }
  if (!lease)
    response.writeHead(404).end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 }));
  else response.end(JSON.stringify(lease));
}
