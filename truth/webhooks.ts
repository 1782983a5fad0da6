import { readFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { type Answer, differences, normalize } from "./compare.ts";
import type { Outcome } from "./outcome.ts";
import { send, type Target } from "./target.ts";

type Json = Record<string, unknown>;
interface Call {
  path: string;
  httpVersion: string;
  headers: Json;
  body: { apiVersion: string; kind: string; request: Json & { uid: string; objects?: Json[]; desiredAPIVersion?: string } };
  answer?: { status?: number; type?: string; body?: unknown; hangup?: boolean };
}
interface Step {
  /** How the conversion webhook behaved. */
  webhook?: string;
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  webhookCalls?: Call[];
  response: Answer & { warning?: string };
  unstable?: boolean;
}
interface Scenario {
  name: string;
  mutating?: [string, ...Json[]][];
  validating?: [string, ...Json[]][];
  steps: Step[];
}

const NAMESPACE = "rec-hooks";
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/**
 * Replays the webhook scenarios: makes the configurations, plays the recorded webhook over TLS, sends the requests, and
 * compares both what the webhook was sent and what the client was told.
 *
 * @param settleMs how long the server may take to notice a configuration, in milliseconds: 0 for one that reads its own store.
 */
export async function replayWebhooks(file: string, path: string, target: Target, settleMs: number, only?: string): Promise<Outcome[]> {
  const scenarios = JSON.parse(readFileSync(path, "utf8")) as Scenario[];
  const hook = await RecordedWebhook.start();
  const settle = (): Promise<void> => (settleMs > 0 ? new Promise((resolve) => setTimeout(resolve, settleMs)) : Promise.resolve());
  const call = (method: string, to: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(target, {
      method,
      path: to,
      headers: {
        ...(target.token ? { authorization: `Bearer ${target.token}` } : {}),
        "user-agent": "recorder/1",
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  await call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels: { team: "x" } } });
  const outcomes: Outcome[] = [];
  try {
    for (const scenario of scenarios) {
      if (only !== undefined && scenario.name !== only) continue;
      const made: string[] = [];
      for (const [list, plural, kind] of [
        [scenario.mutating, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"],
        [scenario.validating, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration"],
      ] as const) {
        const byName = new Map<string, Json[]>();
        for (const [name, ...webhooks] of list ?? []) byName.set(name, [...(byName.get(name) ?? []), ...webhooks]);
        for (const [name, webhooks] of byName) {
          const body = hook.unmasked({ apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name }, webhooks });
          await call("POST", `${ADMISSION}/${plural}`, body);
          made.push(`${ADMISSION}/${plural}/${name}`);
        }
      }
      if (scenario.name === "conversion") {
        await call("POST", DEFINITIONS, hook.unmasked(convertedDefinition()));
        made.push(`${DEFINITIONS}/convs.rec.example.com`);
        if (!(await established(call))) {
          scenario.steps.forEach((step, index) => {
            if (!step.unstable)
              outcomes.push({
                file,
                scenario: scenario.name,
                step: index,
                title: step.request.path,
                differences: ["the definition was not established within 5 s"],
              });
          });
          for (const one of made) await call("DELETE", one);
          continue;
        }
      }
      if (made.length > 0) await settle();
      for (const [index, step] of scenario.steps.entries()) {
        hook.play(step);
        const body = wholeConfiguration(scenario.name, step.request.body);
        const answer = await call(
          step.request.method,
          hook.unmasked(step.request.path),
          body === undefined ? undefined : hook.unmasked(body),
          step.request.headers,
        );
        if (step.unstable) continue;
        const body_ = parsed(answer.text);
        const got = hook.masked({
          ...(step.webhookCalls ? { webhookCalls: hook.received } : {}),
          response: { status: answer.status, ...(answer.headers["warning"] ? { warning: answer.headers["warning"] } : {}), body: body_ },
        });
        const want = {
          ...(step.webhookCalls ? { webhookCalls: step.webhookCalls.map(({ answer: _, ...sent }) => sent) } : {}),
          response: step.response,
        };
        const [a, b] = [normalize([withoutGoTexts(want) as Answer], false), normalize([withoutGoTexts(got) as Answer], false)];
        outcomes.push({
          file,
          scenario: scenario.name,
          step: index,
          title: `${step.request.method} ${step.request.path}`,
          differences: differences(a[0], b[0]),
        });
      }
      for (const one of made) await call("DELETE", one);
      if (made.length > 0) await settle();
    }
    await call("DELETE", `/api/v1/namespaces/${NAMESPACE}`);
  } finally {
    await hook.stop();
  }
  return outcomes;
}

/** The recording keeps of a refused configuration only its webhooks. */
function wholeConfiguration(scenario: string, body: unknown): unknown {
  if (!scenario.startsWith("configuration refused")) return body;
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "t" },
    ...(body as Json),
  };
}

/** Texts made by Go's network, JSON and CEL code are not ours to repeat: what comes before them counts, and code and reason. */
function withoutGoTexts(value: unknown): unknown {
  if (typeof value === "string") {
    return value
      .replace(
        /(failed to call webhook: |conversion webhook for [^:]*: |compilation failed: |unable to load root certificates: )[\s\S]*/,
        "$1…",
      )
      .replace(/(invalid character|json: |jsonpatch |yaml: )[\s\S]*/, "…");
  }
  if (Array.isArray(value)) return value.map(withoutGoTexts);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutGoTexts(inner)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function established(call: (method: string, path: string) => Promise<{ text: string }>): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const definition = JSON.parse((await call("GET", `${DEFINITIONS}/convs.rec.example.com`)).text) as {
      status?: { conditions?: { type: string; status: string }[] };
    };
    if (definition.status?.conditions?.some((condition) => condition.type === "Established" && condition.status === "True")) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

function convertedDefinition(): Json {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "convs.rec.example.com" },
    spec: {
      group: "rec.example.com",
      scope: "Namespaced",
      names: { plural: "convs", kind: "Conv" },
      versions: [
        { name: "v1", served: true, storage: true, schema },
        { name: "v2", served: true, storage: false, schema },
      ],
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "https://127.0.0.1:<port>/convert", caBundle: "<caBundle>" } },
      },
    },
  };
}

/** The webhook of the recording: answers each call as it was answered then. */
class RecordedWebhook {
  received: Json[] = [];
  readonly #uids = new Map<string, string>();
  #step: Step | undefined;
  readonly #answered = new Set<Call>();
  readonly #server: https.Server;
  readonly #port: number;
  readonly #caBundle: string;

  private constructor(server: https.Server, caBundle: string) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#caBundle = caBundle;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const review = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Call["body"];
        const { "content-type": type, accept, "content-length": length } = request.headers;
        this.received.push({
          path: request.url,
          httpVersion: request.httpVersion,
          headers: { "content-type": type, accept, "content-length": length === undefined ? undefined : "<n>" },
          body: review,
        });
        const answer = this.#answer(request.url ?? "", review);
        // A call without a recorded answer was one that the server gave up waiting for.
        if (answer === undefined) return;
        if (answer.hangup) request.socket.destroy();
        else {
          response.writeHead(answer.status ?? 200, { "content-type": answer.type ?? "application/json" });
          response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
        }
      });
    });
  }

  static async start(): Promise<RecordedWebhook> {
    const ca = createCa({ commonName: "truth" });
    const leaf = issueCertificate(ca, { commonName: "hook", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
    const server = https.createServer({ key: leaf.key, cert: leaf.certificate });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new RecordedWebhook(server, Buffer.from(ca.certificate).toString("base64"));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  play(step: Step): void {
    this.#step = step;
    this.received = [];
    this.#uids.clear();
    this.#answered.clear();
  }

  #answer(path: string, review: Call["body"]): Call["answer"] {
    const behaviour = this.#step?.webhook;
    if (behaviour !== undefined) return { body: conversion(behaviour, review) };
    const recorded = this.#step?.webhookCalls?.find((call) => call.path === path && !this.#answered.has(call));
    if (!recorded)
      return { body: { apiVersion: review.apiVersion, kind: review.kind, response: { uid: review.request.uid, allowed: true } } };
    this.#answered.add(recorded);
    if (recorded.answer?.body === undefined) return recorded.answer;
    const text = JSON.stringify(recorded.answer.body).replaceAll(recorded.body.request.uid, review.request.uid);
    return { ...recorded.answer, body: JSON.parse(text) };
  }

  unmasked<T>(value: T): T {
    return JSON.parse(
      JSON.stringify(value).replaceAll("<port>", String(this.#port)).replaceAll("<caBundle>", this.#caBundle).replaceAll("{ns}", NAMESPACE),
    ) as T;
  }

  masked(value: unknown, key = ""): unknown {
    if (typeof value === "string") {
      if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return "<time>";
      if (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value) && value.length === 36) {
        if (!this.#uids.has(value)) this.#uids.set(value, `<uid-${this.#uids.size + 1}>`);
        return this.#uids.get(value);
      }
      if (key === "resourceVersion" && /^\d+$/.test(value)) return "<rv>";
      if (/^g-[a-z0-9]{5}$/.test(value)) return "g-<suffix>";
      if (key === "caBundle") return "<caBundle>";
      return value
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
        .replaceAll(NAMESPACE, "{ns}")
        .replaceAll(String(this.#port), "<port>")
        .replaceAll(this.#caBundle, "<caBundle>");
    }
    if (Array.isArray(value)) return value.map((item) => this.masked(item, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .map(([field, inner]) => [field, this.masked(inner, field)]),
    );
  }
}

function conversion(behaviour: string, review: Call["body"]): unknown {
  const { uid, objects = [], desiredAPIVersion } = review.request;
  let converted = objects.map((object) => ({
    ...object,
    apiVersion: desiredAPIVersion,
    spec: { ...(object["spec"] as Json), via: `${String(object["apiVersion"])}>${desiredAPIVersion}` },
  })) as Json[];
  const changed = (change: Json): Json[] =>
    converted.map((object) => ({ ...object, metadata: { ...(object["metadata"] as Json), ...change } }));
  if (behaviour === "short") converted = [];
  if (behaviour === "rename") converted = changed({ name: "other" });
  if (behaviour === "labels") converted = changed({ labels: { l: "1" } });
  const result = behaviour === "fail" ? { status: "Failed", message: "cannot convert" } : { status: "Success" };
  return {
    apiVersion: review.apiVersion,
    kind: review.kind,
    response: { uid: behaviour === "uid" ? "x" : uid, convertedObjects: converted, result },
  };
}
