// Plays recorded requests to a real Kubernetes 1.36 through the chain, with a webhook that answers as the recorded one did,
// and compares what it was sent and what came of the request.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject, Status } from "@outrigger/kit/api";
import { StatusError } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdmissionChain, admissionChain } from "./index.ts";
import { attributesOf, Objects, TestWebhook } from "./testing/cluster.ts";

// biome-ignore lint/suspicious/noExplicitAny: recorded data
type Json = any;
interface Step {
  request: { method: string; path: string; body?: Json };
  webhookCalls: {
    path: string;
    httpVersion: string;
    headers: Json;
    body: Json;
    answer?: { status?: number; type?: string; body?: Json; afterMs?: number; hangup?: boolean };
  }[];
  response: { status: number; warning?: string; body: Json };
}
interface Scenario {
  name: string;
  mutating: [string, ...Json[]][];
  validating: [string, ...Json[]][];
  steps: Step[];
}

const file = join(import.meta.dirname, "../../../../truth/data/http/08-webhooks.json");
const scenarios: Scenario[] = JSON.parse(readFileSync(file, "utf8"));
const PLAYED = /^(patches|answers, |unreachable|sideEffects|order|selectors|review version)/;
/** Their outcome is the decoder's, which the registry brings. */
const DECODED = new Set(["invalid", "unknown-field"]);

let hook: TestWebhook;
beforeAll(async () => {
  hook = await new TestWebhook().listen();
});
afterAll(() => hook.close());

function clusterOf(scenario: Scenario): Objects {
  const objects = new Objects();
  objects.put("", "namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "{ns}", labels: { team: "x", "kubernetes.io/metadata.name": "{ns}" } },
  });
  for (const [kind, list] of [
    ["mutating", scenario.mutating],
    ["validating", scenario.validating],
  ] as const) {
    const configurations = new Map<string, Json[]>();
    for (const [name, ...webhooks] of list) configurations.set(name, [...(configurations.get(name) ?? []), ...webhooks]);
    const real = (text: string) => JSON.parse(text.replaceAll("<port>", String(hook.port)).replaceAll("<caBundle>", hook.caBundle));
    for (const [name, webhooks] of configurations) {
      objects.put("admissionregistration.k8s.io", `${kind}webhookconfigurations`, real(JSON.stringify({ metadata: { name }, webhooks })));
    }
  }
  return objects;
}

/** The object as the chain gets it: from the recorded review where there was one, else as the client sent it. */
function requestOf(step: Step, stored: Map<string, Json>): Parameters<typeof attributesOf>[0] & { request: Json } {
  const sent = step.webhookCalls[0]?.body.request;
  const plural = step.request.path.includes("/pods") ? "pods" : "configmaps";
  const kind = plural === "pods" ? "Pod" : "ConfigMap";
  const name = step.request.body?.metadata?.name ?? step.request.path.split("/")[6];
  const request = sent ?? {
    operation: step.request.method === "DELETE" ? "DELETE" : "CREATE",
    name,
    userInfo: { username: "admin", uid: "u-admin", groups: ["system:masters", "system:authenticated"] },
    object:
      step.request.method === "DELETE" ? null : { ...step.request.body, metadata: { namespace: "{ns}", ...step.request.body.metadata } },
    oldObject: step.request.method === "DELETE" ? stored.get(name) : null,
    dryRun: step.request.path.includes("dryRun"),
    options: {},
  };
  return {
    request,
    resource: { group: "", version: "v1", resource: plural },
    kind: { group: "", version: "v1", kind },
    operation: request.operation,
    name: request.name ?? "",
    namespace: "{ns}",
    object: request.object ?? undefined,
    oldObject: request.oldObject ?? undefined,
    dryRun: request.dryRun,
    userInfo: request.userInfo,
    options: request.options,
  };
}

const mask = (value: unknown): Json =>
  JSON.parse(
    JSON.stringify(value)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|<uid(-\d+)?>/g, "<uid>")
      .replaceAll(`:${hook.port}/`, ":<port>/"),
  );
/** What Go's network, JSON and CEL code said is not ours to repeat word for word; what stands before it is. */
const loosened = (status: Json): Json =>
  JSON.parse(
    JSON.stringify(status).replace(
      /(lookup [^ :]+|invalid character|resulted in error: |json: |json parse error|signed by unknown)(?:[^"\\]|\\.)*/g,
      "$1…",
    ),
  );

for (const scenario of scenarios.filter(({ name }) => PLAYED.test(name))) {
  describe(scenario.name, () => {
    const stored = new Map<string, Json>();
    let chain: AdmissionChain;
    beforeAll(() => {
      chain = admissionChain({
        reader: clusterOf(scenario),
        served: () => [],
        disabled: ["ServiceAccount", "Priority", "DefaultTolerationSeconds"],
      });
    });
    afterAll(() => chain.close());
    it.each(
      scenario.steps.map((step, index) => [`${index} ${step.request.method} ${step.request.body?.metadata?.name ?? ""}`, step] as const),
    )("%s", async (_title, step) => {
      const { request, ...overrides } = requestOf(step, stored);
      const attributes = attributesOf(overrides);
      const waiting = [...step.webhookCalls];
      hook.calls.length = 0;
      hook.answer = async (call, response) => {
        const next = waiting.splice(
          waiting.findIndex(({ path }) => path === call.path),
          1,
        )[0];
        const { status = 200, type = "application/json", body } = next?.answer ?? {};
        // No recorded answer: it came too late.
        if (next?.answer === undefined || next.answer.afterMs) return undefined;
        if (next.answer.hangup) {
          call.body = next.body;
          response.socket?.destroy();
          return undefined;
        }
        const real = typeof body === "string" ? body : JSON.stringify(body).replaceAll(next.body.request.uid, call.body.request.uid);
        response.writeHead(status, { "content-type": type });
        response.end(real);
        return undefined;
      };
      let refused: Status | undefined;
      try {
        await chain.mutate(attributes);
        await chain.validate(attributes);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        refused = error.status;
      }
      stored.set(attributes.name, attributes.object ?? attributes.oldObject);
      const sent = hook.calls.map(({ path, httpVersion, headers, body }) => ({
        path,
        httpVersion,
        headers: { "content-type": headers["content-type"], accept: headers.accept, "content-length": "<n>" },
        body,
      }));
      expect(mask(sent)).toEqual(mask(step.webhookCalls.map(({ answer: _answer, ...call }) => call)));
      if (DECODED.has(request.name)) return;
      if (step.response.status < 400) {
        expect(refused).toBeUndefined();
        if (step.request.method !== "DELETE") expect((attributes.object as KubeObject)["data"]).toEqual(step.response.body.data);
      } else expect(loosened(mask(refused))).toEqual(loosened(mask(step.response.body)));
      if (step.response.warning) expect(attributes.warnings[0]).toBe(/299 - "((?:[^"\\]|\\.)*)"/.exec(step.response.warning)?.[1]);
    });
  });
}
