import { readFileSync } from "node:fs";
import { type Answer, differences, normalize } from "./compare.ts";
import { Mask } from "./mask.ts";
import type { Outcome } from "./outcome.ts";
import { send, type Target } from "./target.ts";

interface Step {
  id?: string;
  sleep?: number;
  /** Milliseconds until a server that watches its own configuration must have seen it; the devcluster reads it directly. */
  settle?: number;
  poll?: string;
  until?: string;
  request: { method: string; path: string; as?: string; headers?: Record<string, string>; body?: unknown; maxMs?: number };
  response?: Answer;
  background?: boolean;
  unstable?: boolean;
  /** The recording kept only a part of this answer: the function, as source, that picks it. */
  pick?: string;
}
interface Scenario {
  name: string;
  /** Runs without a namespace of its own. */
  cluster?: boolean;
  cleanup?: string[];
  steps: Step[];
}

const KEPT_HEADERS = ["content-type", "warning", "retry-after", "allow"];
let namespaces = 0;

/** Replays the scenarios of one recorded file against a server and says of each recorded answer whether it was alike. */
export async function replayHttp(file: string, path: string, target: Target, settles: boolean, only?: string): Promise<Outcome[]> {
  const scenarios = JSON.parse(readFileSync(path, "utf8")) as Scenario[];
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    if (only !== undefined && scenario.name !== only) continue;
    const keepManagedFields = file.startsWith("04-");
    const answers = await play(scenario, target, settles);
    const want = normalize(
      scenario.steps.map((step) => step.response),
      keepManagedFields,
    );
    const got = normalize(answers, keepManagedFields);
    scenario.steps.forEach((step, index) => {
      if (!step.response || step.unstable) return;
      outcomes.push({
        file,
        scenario: scenario.name,
        step: index,
        title: `${step.request.method} ${step.request.path}`,
        differences: differences(want[index], got[index]),
      });
    });
  }
  return outcomes;
}

async function play(scenario: Scenario, target: Target, settles: boolean): Promise<(Answer | undefined)[]> {
  // Sorted after the names that scenarios choose, as most of the recording were.
  const namespace = `rec-z${process.pid.toString(36)}${(namespaces++).toString(36)}`;
  const mask = new Mask([[namespace, "{ns}"]]);
  const made = new Map<string, unknown>();
  const answers: (Answer | undefined)[] = [];
  const background: Promise<void>[] = [];
  const fill = <T>(value: T): T => filled(value, namespace, made) as T;
  if (!scenario.cluster) {
    const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const answer = await send(target, {
      method: "POST",
      path: "/api/v1/namespaces",
      headers: { ...credentials(target), "content-type": "application/json" },
      body,
    });
    if (answer.status !== 201) throw new Error(`truth: making the namespace was answered ${answer.status}: ${answer.text}`);
  }
  for (const [index, step] of scenario.steps.entries()) {
    if (step.sleep !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, step.sleep));
      continue;
    }
    if (step.settle !== undefined) {
      if (settles) await new Promise((resolve) => setTimeout(resolve, step.settle));
      continue;
    }
    if (step.poll !== undefined) {
      await poll(target, fill(step.poll), functionOf(step.until!));
      continue;
    }
    const { request } = step;
    const isText = typeof request.body === "string";
    const body = request.body === undefined ? undefined : fill(request.body);
    const sending = send(target, {
      method: request.method,
      path: fill(request.path),
      headers: {
        ...credentials(target, request.as),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }),
      ...(request.maxMs === undefined ? {} : { maxMs: request.maxMs }),
      bare: request.as === "nobody" || request.as === "anonymous",
    }).then(({ status, headers, text }) => {
      if (/watch=(true|1)/.test(request.path) && status === 200) {
        const events = text.split("\n").filter(Boolean);
        answers[index] = { status, events: events.map((line) => mask.value(jsonOr(line, "<cut>"))) };
        return;
      }
      const isJson = /json/.test(String(headers["content-type"] ?? ""));
      const parsed = isJson ? jsonOr(text, text) : text;
      if (step.id) made.set(step.id, parsed);
      const seen = isJson ? mask.value(parsed) : mask.text(text, "");
      const kept: Record<string, string> = {};
      for (const name of KEPT_HEADERS) if (headers[name] !== undefined) kept[name] = mask.text(String(headers[name]), "");
      answers[index] = {
        status,
        headers: kept,
        body: step.pick ? (JSON.parse(JSON.stringify(functionOf(step.pick)(seen) ?? null)) ?? undefined) : seen,
      };
    });
    if (step.background) {
      background.push(sending);
      // A background watch must be open before the next step writes; servers open it within this time.
      await new Promise((resolve) => setTimeout(resolve, 300));
    } else await sending;
  }
  await Promise.all(background);
  for (const path of scenario.cleanup ?? []) await send(target, { method: "DELETE", path: fill(path), headers: credentials(target) });
  if (!scenario.cluster) await send(target, { method: "DELETE", path: `/api/v1/namespaces/${namespace}`, headers: credentials(target) });
  return answers;
}

function credentials(target: Target, as?: string): Record<string, string | string[]> {
  return {
    ...(as === "nobody"
      ? { authorization: "Bearer wrong" }
      : as !== "anonymous" && target.token
        ? { authorization: `Bearer ${target.token}` }
        : {}),
    ...(as === "alice" ? { "impersonate-user": "alice", "impersonate-group": ["developers", "system:authenticated"] } : {}),
    "user-agent": "recorder/1",
    accept: "application/json",
  };
}

async function poll(target: Target, path: string, until: (body: unknown, status: number) => unknown): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await send(target, { method: "GET", path, headers: credentials(target) });
    if (until(answer.status === 200 ? JSON.parse(answer.text) : undefined, answer.status)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The recordings carry small pure functions (what to wait for, what was kept of an answer) as source. */
// biome-ignore lint/suspicious/noExplicitAny: recorded functions take whatever was answered
function functionOf(source: string): (...args: any[]) => unknown {
  // The source is a file of this repository.
  return new Function(`return (${source});`)() as ReturnType<typeof functionOf>;
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function filled(value: unknown, namespace: string, made: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === "string") {
    return value
      .replaceAll("{ns}", namespace)
      .replace(/\{\{(\w+)\.([^}]+)\}\}/g, (_, id: string, path: string) => String(at(made.get(id), path)));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, namespace, made));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, namespace, made)]));
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
