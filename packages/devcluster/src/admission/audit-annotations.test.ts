import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Devcluster, startDevcluster } from "../index.ts";
import { type Call, TestWebhook } from "./testing/cluster.ts";

interface Step {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly status: number;
  /** What a real API server's admission wrote. */
  readonly annotations: Readonly<Record<string, string>>;
}
/** Recorded of kube-apiserver 1.36.3 by sending the same requests, with the webhook below. */
const recorded = JSON.parse(readFileSync(new URL("testdata/audit-annotations.json", import.meta.url), "utf8")) as {
  readonly policy: object;
  readonly setup: readonly { readonly path: string; readonly body: object }[];
  readonly steps: readonly Step[];
};

const folder = mkdtempSync(join(tmpdir(), "outrigger-audit-"));
const log = join(folder, "audit.log");
let cluster: Devcluster;
let webhook: TestWebhook;
beforeAll(async () => {
  writeFileSync(join(folder, "policy.json"), JSON.stringify(recorded.policy));
  webhook = await new TestWebhook().listen();
  webhook.answer = answer;
  cluster = await startDevcluster({ bare: true, audit: { log, policy: join(folder, "policy.json") } });
  for (const { path, body } of recorded.setup) await send("POST", path, body);
});
afterAll(async () => {
  await cluster.close();
  await webhook.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(recorded.steps.map((step) => [step.title, step] as const))("%s leaves the annotations of a real API server", async (_, step) => {
  const { status, id } = await send(step.method, step.path, step.body);
  const event = await eventually(() => written().find(({ auditID }) => auditID === id));
  const annotations = Object.entries(event.annotations ?? {}).filter(([key]) => !key.startsWith("authorization.k8s.io/"));
  expect({ status, annotations: Object.fromEntries(annotations) }).toEqual({ status: step.status, annotations: step.annotations });
});

function written(): { readonly auditID: string; readonly annotations?: Readonly<Record<string, string>> }[] {
  const lines = readFileSync(log, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

async function send(method: string, path: string, body?: object): Promise<{ status: number; id: string }> {
  const text = body && JSON.stringify(body).replaceAll("{webhook}", webhook.url).replaceAll("{caBundle}", webhook.caBundle);
  const type = method === "PATCH" ? "application/strategic-merge-patch+json" : "application/json";
  const given = { method, path, headers: { "content-type": type }, ...(text ? { body: Buffer.from(text) } : {}) };
  const sent = await cluster.transport().request(given);
  await sent.text();
  return { status: sent.status, id: String(sent.headers["audit-id"]) };
}

/** Labels objects, adds data, refuses two names, and annotates what it sees, once under a key that is no name. */
function answer({ path, body }: Call): object {
  const { object, name } = body.request;
  const about = path.slice(1, path.indexOf("?"));
  const noted = { auditAnnotations: { seen: `${about} ${name}`, "not a name": "x" } };
  const refused = (message: string): object => ({ allowed: false, status: { message }, ...noted });
  if (about === "label" && name === "refused") return refused("refused");
  if (about === "label") return { ...noted, ...(object && !object.metadata.labels ? added("/metadata/labels", { a: "b" }) : {}) };
  if (about === "data") return object && !object.data.more ? added("/data/more", "<x & y>") : {};
  if (about === "judge") return name === "denied" ? refused("denied") : noted;
  return {};
}

function added(path: string, value: unknown): object {
  return { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify([{ op: "add", path, value }])).toString("base64") };
}
