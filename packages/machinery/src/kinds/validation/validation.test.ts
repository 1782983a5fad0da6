import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { defaultObject, invalidStatus, kinds, normalize, validateKind, validateKindUpdate, validatePodSpec } from "../index.ts";
import { validateContainers } from "./index.ts";

function complete(object: Record<string, unknown>): {
  row: NonNullable<ReturnType<ReturnType<typeof kinds>["byKind"]>>;
  object: KubeObject;
} {
  const whole = structuredClone(object) as unknown as KubeObject;
  const [group = "", version = ""] = whole.apiVersion.includes("/") ? whole.apiVersion.split("/") : ["", whole.apiVersion];
  const row = kinds().byKind(group, version, whole.kind);
  if (!row) throw new Error(`no row for ${whole.kind}`);
  whole.metadata = { namespace: "ns", uid: "u", resourceVersion: "1", ...whole.metadata };
  normalize(row.schema, whole);
  defaultObject(row, whole);
  return { row, object: whole };
}

function updated(before: Record<string, unknown>, after: Record<string, unknown>, subresource = ""): string[] {
  const { row, object } = complete(after);
  return validateKindUpdate(row, object, complete(before).object, subresource).map(({ field, message }) => `${field}: ${message}`);
}

const pod = (container: object, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...metadata },
  spec: { containers: [{ name: "c", image: "a", ...container }] },
});
const config = (fields: object, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", ...metadata },
  ...fields,
});

describe("updates", () => {
  test("a Pod may change its image and labels, nothing else of a container", () => {
    expect(updated(pod({}), pod({ image: "b" }, { labels: { a: "b" } }))).toEqual([]);
    const [first, ...more] = updated(pod({}), pod({ workingDir: "/x" }));
    expect(more).toEqual([]);
    expect(first).toMatch(/^spec: Forbidden: pod updates may not change fields other than /);
    expect(first).toMatch(/-\s+"WorkingDir": "",\n\+\s+"WorkingDir": "\/x",/);
  });

  test("an immutable ConfigMap stays as it is, and immutable", () => {
    const before = config({ data: { a: "b" }, immutable: true });
    expect(updated(before, before)).toEqual([]);
    expect(updated(before, config({ data: { a: "c" }, immutable: true }))).toEqual([
      "data: Forbidden: field is immutable when `immutable` is set",
    ]);
    expect(updated(before, config({ data: { a: "b" } }))).toEqual(["immutable: Forbidden: field is immutable when `immutable` is set"]);
  });

  test("what is wrong with metadata is found by the registry and by the kind, and said once", () => {
    const { row, object } = complete(config({}, { finalizers: ["mine"], labels: { a: "b c" } }));
    const causes = validateKindUpdate(row, object, complete(config({})).object, "");
    expect(causes.filter(({ field }) => field === "metadata.labels")).toHaveLength(4);
    expect(causes.filter(({ field }) => field === "metadata.finalizers[0]")).toHaveLength(2);
    expect(invalidStatus(row, "c", causes).message?.match(/metadata\.labels/g)).toHaveLength(1);
  });

  test("uid and resourceVersion", () => {
    expect(updated(config({}), config({}, { uid: "other", resourceVersion: "" }))).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
      'metadata.uid: Invalid value: "other": field is immutable',
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
      'metadata.uid: Invalid value: "other": field is immutable',
    ]);
  });
});

describe("parts", () => {
  test("containers under any path", () => {
    const containers = [{ name: "Bad", image: "", terminationMessagePolicy: "File", imagePullPolicy: "Always" }];
    expect(validateContainers(containers, [], "spec.containers").map(({ field, reason }) => [field, reason])).toEqual([
      ["spec.containers[0].name", "FieldValueInvalid"],
      ["spec.containers[0].image", "FieldValueRequired"],
    ]);
  });

  test("a Pod spec without containers", () => {
    const spec = { restartPolicy: "Always", dnsPolicy: "ClusterFirst", terminationGracePeriodSeconds: 30 };
    expect(validatePodSpec(spec, "template.spec").map(({ field, message }) => `${field}: ${message}`)).toEqual([
      "template.spec.containers: Required value",
    ]);
  });
});

test("one finding is said plainly, several in brackets, none not at all", () => {
  const row = { group: "apps", kind: "Deployment" };
  const [a, b] = ["a", "b"].map((field) => ({ reason: "FieldValueRequired", message: "Required value", field }) as const);
  if (!a || !b) throw new Error("two causes");
  expect(invalidStatus(row, "d", []).message).toBe('Deployment.apps "d" is invalid');
  expect(invalidStatus(row, "d", [a, a]).message).toBe('Deployment.apps "d" is invalid: a: Required value');
  expect(invalidStatus(row, "d", [a, b]).message).toBe('Deployment.apps "d" is invalid: [a: Required value, b: Required value]');
  expect(invalidStatus({ group: "", kind: "Pod" }, "", [a]).details).toEqual({ kind: "Pod", causes: [a] });
});

test("judging changes nothing", () => {
  const { row, object } = complete(pod({ ports: [{ containerPort: 0 }] }));
  const before = structuredClone(object);
  expect(validateKind(row, object)).not.toEqual([]);
  expect(object).toEqual(before);
});
