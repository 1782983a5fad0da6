import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outrigger, startOutrigger } from "./outrigger.ts";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
});
afterAll(() => it?.stop());

const set = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: "apps.kruise.io/v1alpha1", kind: "SidecarSet", metadata: { name }, spec });
const pod = (name: string, labels: object, containers: object[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { containers } });
const apply = (text: string) => it.kubectl.feed(text, "apply", "-f", "-");
const sidecar = { name: "sidecar", image: "busybox:1.36" };

test("a SidecarSet with an unknown field is refused with the field's path", async () => {
  const { exitCode, stderr } = await apply(
    set("unknown-field", { selector: { matchLabels: { app: "a" } }, containers: [{ ...sidecar, podInjectPolcy: "BeforeAppContainer" }] }),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain('unknown field "spec.containers[0].podInjectPolcy"');
});

test("a SidecarSet without a selector is refused with the field's path", async () => {
  const { exitCode, stderr } = await apply(set("no-selector", { containers: [sidecar] }));
  expect(exitCode).toBe(1);
  expect(stderr).toContain("spec.selector");
});

test("a SidecarSet with two containers of one name is refused with the field's path", async () => {
  const { exitCode, stderr } = await apply(set("twice", { selector: { matchLabels: { app: "a" } }, containers: [sidecar, sidecar] }));
  expect(exitCode).toBe(1);
  expect(stderr).toContain("spec.containers[1].name");
  expect(stderr).toContain("Duplicate value");
});

test("a SidecarSet with a bad quantity is refused with the field's path", async () => {
  const { exitCode, stderr } = await apply(
    set("quantity", { selector: { matchLabels: { app: "a" } }, containers: [{ ...sidecar, resources: { limits: { memory: "12MiB" } } }] }),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain("spec.containers[0].resources.limits");
});

test("a pod whose container has a sidecar's name is refused with both names", async () => {
  expect(
    (await apply(set("clashing", { selector: { matchLabels: { app: "clash" } }, containers: [{ name: "logger", image: "busybox:1.36" }] })))
      .exitCode,
  ).toBe(0);
  await eventually(async () => {
    const { exitCode, stderr } = await apply(pod("clash", { app: "clash" }, [{ name: "logger", image: "nginx:1.25" }]));
    expect(exitCode).toBe(1);
    expect(stderr).toContain("clashing");
    expect(stderr).toContain("logger");
    return true;
  });
});

test("YAML that is not YAML is refused before anything is made", async () => {
  const { exitCode, stderr } = await apply("apiVersion: v1\nkind: Pod\nmetadata: {name: [\n");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/error parsing|yaml/i);
});
