// What a real Kubernetes 1.36.3 answered to objects that are wrong, and to some that are right.
import { readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { defaultObject, invalidStatus, kinds, normalize, validateKind } from "../index.ts";

interface Step {
  readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly response?: { readonly status: number; readonly body?: { readonly message?: string; readonly details?: unknown } };
}

const file = new URL("../../../../../truth/data/http/02-errors.json", import.meta.url);
const scenarios = JSON.parse(readFileSync(file, "utf8")) as { name: string; steps: Step[] }[];
const CHAPTERS = ["names", "metadata", "pod validation", "workload validation", "service validation", "other validation"];
/** Answers that need allocators, other objects, or a decoder. */
const OF_THE_SERVER = /provided port|failed to allocate|not configured on this cluster|generateName/;

describe.each(CHAPTERS)("creates as Kubernetes judges them: %s", (chapter) => {
  const steps = scenarios.find(({ name }) => name === chapter)?.steps ?? [];
  const creates = steps.filter(({ request: { method, body }, response }) => {
    const answered = response?.status === 422 || response?.status === 201;
    return method === "POST" && typeof body === "object" && answered && !OF_THE_SERVER.test(response?.body?.message ?? "");
  });
  test.each(creates.map((step) => [JSON.stringify(step.request.body).slice(0, 300), step] as const))("%s", (_, { request, response }) => {
    const object = structuredClone(request.body) as KubeObject;
    const row = kinds().byKind(...groupVersion(object.apiVersion), object.kind);
    if (!row) throw new Error(`no row for ${object.kind}`);
    prepare(object, row.scope);
    normalize(row.schema, object);
    defaultObject(row, object);
    const causes = validateKind(row, object);
    if (response?.status === 201) expect(causes).toEqual([]);
    else {
      const { message, details } = invalidStatus(row, object.metadata.name ?? "", causes);
      const { body } = response ?? {};
      expect({ message, details: body?.details ? details : undefined }).toEqual({
        message: unmasked(body?.message),
        details: unmasked(body?.details),
      });
    }
  });
});

function groupVersion(apiVersion: string): [group: string, version: string] {
  const [first = "", second] = apiVersion.split("/");
  return second === undefined ? ["", first] : [first, second];
}

const SUFFIX = "x7k2p";

/** What a server does before it validates: names, namespaces, and the selector of a Job. */
function prepare(object: KubeObject, scope: string): void {
  const { metadata } = object;
  if (scope === "Namespaced") metadata.namespace = "ns";
  if (metadata.generateName && !metadata.name) metadata.name = metadata.generateName + SUFFIX;
  delete metadata.managedFields;
  const spec = object["spec"] as Record<string, unknown> | undefined;
  if (object.kind === "Service" && spec?.["clusterIP"]) spec["clusterIPs"] = [spec["clusterIP"]];
  if (object.kind !== "Job" || !spec) return;
  metadata.uid = "u";
  const template = spec["template"] as { metadata?: { labels?: Record<string, string> } };
  const generated = { "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": metadata.name ?? "" };
  spec["selector"] = { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } };
  template.metadata = { labels: { ...generated, "controller-uid": "u", "job-name": metadata.name ?? "" } };
}

function unmasked<T>(answer: T): T {
  return answer === undefined ? answer : (JSON.parse(JSON.stringify(answer).replaceAll(/<suffix(-\d+)?>/g, SUFFIX)) as T);
}
