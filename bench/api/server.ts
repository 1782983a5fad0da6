// An API server for benchmarks in a process of its own: real TLS, answers of bytes that were prepared beforehand, so that
// what is measured is who reads them.
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { answerWith } from "../contender.ts";
import { injected, pod } from "./pod.ts";

export interface ServerSettings {
  readonly pods: number;
  /** Changes that a watch from a version gets, as fast as they are taken. */
  readonly changes?: number;
  /** One of this many pods was injected by a SidecarSet. Default: none. */
  readonly injectedEvery?: number;
}
export interface ServerAddress {
  readonly url: string;
  readonly ca: string;
  readonly kubeconfig: string;
  /** Mean size of a pod, bytes. */
  readonly podBytes: number;
}

const VERSION = "9000000";
const BOOKMARK = {
  type: "BOOKMARK",
  object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: VERSION, annotations: { "k8s.io/initial-events-end": "true" } } },
};

type Form = "full" | "metadata";
let settings: ServerSettings;
let bodies: Record<Form, Buffer[]>;
const pages = new Map<string, Buffer>();
const watchLists = new Map<Form, Buffer[]>();
let changes: Buffer[] = [];

answerWith(async (given: ServerSettings): Promise<ServerAddress> => {
  settings = given;
  const objects = Array.from({ length: given.pods }, (_, index) => {
    const one = pod(index) as { metadata: object };
    return given.injectedEvery !== undefined && index % given.injectedEvery === 0 ? (injected(one as never) as typeof one) : one;
  });
  bodies = {
    full: objects.map((object) => Buffer.from(JSON.stringify(object))),
    metadata: objects.map(({ metadata }) =>
      Buffer.from(JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata })),
    ),
  };
  if (given.changes) changes = prepareChanges(given.changes);
  const ca = createCa({ commonName: "bench" });
  const { certificate, key } = issueCertificate(ca, { commonName: "api", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  const server = createServer({ cert: certificate, key }, (request, response) =>
    answer(new URL(request.url!, "https://x"), request.headers.accept ?? "", response),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bytes = bodies.full.reduce((sum, { length }) => sum + length, 0);
  return { url, ca: ca.certificate, kubeconfig: kubeconfig(url, ca.certificate), podBytes: bytes / given.pods };
});

function kubeconfig(url: string, ca: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

function answer({ pathname, searchParams }: URL, accept: string, response: ServerResponse): void {
  const form: Form = accept.includes("PartialObjectMetadata") ? "metadata" : "full";
  response.setHeader("content-type", "application/json");
  if (pathname !== "/api/v1/pods") return void response.end(bodies[form][0]);
  if (searchParams.get("watch") !== "true" && searchParams.get("watch") !== "1")
    return void response.end(
      page(form, Number(searchParams.get("limit") ?? 0) || settings.pods, Number(searchParams.get("continue") ?? 0)),
    );
  if (searchParams.get("sendInitialEvents") === "true") return void stream(watchList(form), response);
  return void stream(changes, response);
}

function page(form: Form, limit: number, start: number): Buffer {
  const key = `${form}/${limit}/${start}`;
  let bytes = pages.get(key);
  if (!bytes) {
    const end = Math.min(start + limit, settings.pods);
    const metadata = {
      resourceVersion: VERSION,
      ...(end < settings.pods ? { continue: String(end), remainingItemCount: settings.pods - end } : {}),
    };
    const head = Buffer.from(`{"kind":"PodList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[`);
    const comma = Buffer.from(",");
    const items = bodies[form].slice(start, end).flatMap((body, index) => (index === 0 ? [body] : [comma, body]));
    bytes = Buffer.concat([head, ...items, Buffer.from("]}")]);
    pages.set(key, bytes);
  }
  return bytes;
}

/** All pods as events, in pieces of about 64 KiB, then the bookmark that ends them. */
function watchList(form: Form): Buffer[] {
  let pieces = watchLists.get(form);
  if (!pieces) {
    const lines = bodies[form].map((body) => Buffer.concat([Buffer.from('{"type":"ADDED","object":'), body, Buffer.from("}\n")]));
    pieces = inPieces([...lines, Buffer.from(`${JSON.stringify(BOOKMARK)}\n`)]);
    watchLists.set(form, pieces);
  }
  return pieces;
}

function prepareChanges(count: number): Buffer[] {
  const objects = Array.from(
    { length: Math.min(settings.pods, 1000) },
    (_, index) => pod(index) as { metadata: { resourceVersion: string } },
  );
  return inPieces(
    Array.from({ length: count }, (_, index) => {
      const object = objects[index % objects.length]!;
      object.metadata.resourceVersion = String(9_000_001 + index);
      return Buffer.from(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
    }),
  );
}

function inPieces(lines: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = [];
  let piece: Buffer[] = [];
  let size = 0;
  for (const line of lines) {
    piece.push(line);
    size += line.length;
    if (size < 65_536) continue;
    pieces.push(Buffer.concat(piece));
    piece = [];
    size = 0;
  }
  if (piece.length > 0) pieces.push(Buffer.concat(piece));
  return pieces;
}

/** Writes as fast as it is taken, and leaves the connection open. */
function stream(pieces: readonly Buffer[], response: ServerResponse): void {
  let at = 0;
  const write = (): void => {
    while (at < pieces.length) if (!response.write(pieces[at++])) return void response.once("drain", write);
  };
  response.flushHeaders();
  write();
}
