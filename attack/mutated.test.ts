import { readdirSync, readFileSync } from "node:fs";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../soak/random.ts";

interface Sample {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}
interface Recorded {
  readonly request?: { readonly method: string; readonly path: string; readonly headers?: Record<string, string>; readonly body?: unknown };
}

/** Requests that a real API server was sent once, as seeds. */
const folder = new URL("../truth/data/http/", import.meta.url);
// Webhooks that nobody answers would be asked about every request after them.
const files = readdirSync(folder).filter((file) => !file.startsWith("08-"));
const samples: readonly Sample[] = files.flatMap((file) =>
  (JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { steps: Recorded[] }[]).flatMap(({ steps }) =>
    steps.flatMap(({ request }): Sample[] => {
      if (!request || /watch|follow=|webhookconfigurations/.test(request.path)) return [];
      const { method, path, headers = {}, body } = request;
      const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const type = text === undefined ? {} : { "content-type": "application/json" };
      return [{ method, path: path.replaceAll("{ns}", "attacked"), headers: { ...type, ...headers }, body: text }];
    }),
  ),
);

const REQUESTS = 50_000;
const PARALLEL = 100;
/** Bytes that the heap may have grown by when all were answered: what they legitimately created stays. */
const MOST_GROWTH = 400 * 1024 * 1024;

const ODD: readonly unknown[] = [
  null,
  "",
  0,
  -1,
  1.5,
  1e308,
  true,
  [],
  {},
  [[]],
  "\u0000",
  "a".repeat(70_000),
  "../..",
  "{{",
  { $patch: "delete" },
];

/** The JSON value with one place in it replaced, removed or doubled. */
function spoilt(value: unknown, random: Random): unknown {
  if (value === null || typeof value !== "object" || random.below(4) === 0) return random.pick(ODD);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.below(3) === 0) return [...value, random.pick(ODD)];
    const at = random.below(value.length);
    return value.map((item, index) => (index === at ? spoilt(item, random) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { odd: random.pick(ODD) };
  const at = random.below(entries.length);
  switch (random.below(4)) {
    case 0:
      return Object.fromEntries(entries.filter((_, index) => index !== at));
    case 1:
      return { ...value, [`${entries[at]![0]}x`]: entries[at]![1] };
    default:
      return Object.fromEntries(entries.map(([key, inner], index) => [key, index === at ? spoilt(inner, random) : inner]));
  }
}

function mutated(sample: Sample, random: Random): Sample {
  const path = random.below(5) === 0 ? cut(sample.path, random) : sample.path;
  const { body } = sample;
  if (body === undefined) return { ...sample, path };
  if (random.below(6) === 0) return { ...sample, path, body: cut(body, random) };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { ...sample, path, body: cut(body, random) };
  }
  return { ...sample, path, body: JSON.stringify(spoilt(parsed, random)) };
}

/** A text that lacks a piece, or has a strange one. */
function cut(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const piece = random.pick(["", "%00", "%", "//", "\u{1f4a5}", "'", "=", "&limit=-1"]);
  return `${text.slice(0, at)}${piece}${text.slice(at + random.below(8))}`;
}

let cluster: Devcluster;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
});
afterAll(() => cluster.close());

describe("spoilt requests", () => {
  it(`${REQUESTS} of them are each answered with an object or a Status, and memory stays bounded`, { timeout: 300_000 }, async () => {
    const transport = cluster.transport();
    const random = new Random(20_260_101);
    const send = async ({ method, path, headers, body }: Sample): Promise<void> => {
      const signal = AbortSignal.timeout(20_000);
      const target = path.startsWith("/") ? path : `/${path}`;
      const given = body === undefined ? {} : { body: Buffer.from(body) };
      const late = (error: unknown): never => {
        throw new Error(`${method} ${target} ${body?.slice(0, 300)} was not answered`, { cause: error });
      };
      const answer = await transport.request({ method, path: target, headers, signal, ...given } as never).catch(late);
      const text = /watch=/.test(target) ? "{}" : await answer.text().catch(late);
      const what = `${method} ${target} ${body?.slice(0, 300)} was answered ${answer.status} ${text.slice(0, 300)}`;
      if (answer.status >= 400 && method !== "HEAD" && /json/.test(String(answer.headers["content-type"]))) {
        expect(text, what).not.toBe("");
        const status = JSON.parse(text) as { kind: string; status: string; code: number; message: string };
        expect(status, what).toMatchObject({ kind: "Status", status: "Failure", code: answer.status });
        // A failure of our own has the words of JavaScript.
        expect(status.message, what).not.toMatch(/Cannot read|is not a function|is not iterable|undefined \(|Maximum call stack/);
      }
    };
    await send({
      method: "POST",
      path: "/api/v1/namespaces",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "attacked" } }),
    });
    const before = process.memoryUsage().heapUsed;
    let sent = 0;
    // Some wait: for a webhook that does not answer, or a version that has not come.
    const sender = async (): Promise<void> => {
      while (sent++ < REQUESTS) await send(mutated(random.pick(samples), random));
    };
    await Promise.all(Array.from({ length: PARALLEL }, sender));
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(MOST_GROWTH);
    const version = await transport.request({ method: "GET", path: "/version" } as never);
    expect(version.status).toBe(200);
  });
});
