import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outrigger, startManager, startOutrigger } from "./outrigger.ts";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
});
afterAll(() => it?.stop());

const apply = (object: object) => it.kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
const template = (name: string, text: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "outrigger-system", labels: { "outrigger.dev/injection-template": "true" } },
  data: { "sidecarconfig.yaml": text },
  ...more,
});
const podDefaults = (name: string, spec: object): object => ({
  apiVersion: "outrigger.dev/v1alpha1",
  kind: "PodDefaults",
  metadata: { name },
  spec,
});
const pod = (name: string, namespace: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace },
  spec: { containers: [{ name: "till", image: "registry.local/till:1" }] },
});
const containersOf = async (name: string, namespace: string): Promise<string> =>
  it.kubectl("-n", namespace, "get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");

describe("a rule is judged whole as it is written", () => {
  test("PodDefaults, with the field's path", async () => {
    const { exitCode, stderr } = await apply(
      podDefaults("bad", { selector: { matchLabels: { "no key": "x" } }, env: [{ name: "A B", value: "x" }] }),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("spec.selector.matchLabels");
    expect(stderr).toContain("spec.env[0].name");
  });

  test("a template, with line and column", async () => {
    const { exitCode, stderr } = await apply(
      template("stats", "containers:\n  - name: stats\n    image: a\n    env:\n      - name: PORT\n        value: 9125\n"),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("line 6, column 9");
    expect(stderr).toContain("containers[0].env[0].value");
  });
});

describe("a rule that came past the webhook", () => {
  /** Written as it was before there was a webhook, or while no manager answered. */
  const unjudged = async (...objects: object[]): Promise<void> => {
    await it.manager.stop();
    for (const object of objects) expect((await apply(object)).stderr).toBe("");
  };

  test("keeps neither the manager from starting nor pods from being made, and says what is wrong with it", async () => {
    await it.kubectl("create", "namespace", "c08");
    await it.kubectl("label", "namespace", "c08", "sidecar-injection=enabled");
    await unjudged(
      podDefaults("bad-selector", { selector: { matchLabels: { "no key": "x" } } }),
      podDefaults("bad-variable", { env: [{ name: "A=B", value: "x" }] }),
      podDefaults("bad-label", { labels: [{ name: "a", value: "x y" }] }),
      podDefaults("big", { annotations: Array.from({ length: 5 }, (_, index) => ({ name: `a${index}`, value: "x".repeat(52_000) })) }),
      podDefaults("good", { labels: [{ name: "good", value: "yes" }] }),
      template("stats", "containers:\n  - name: stats\n    image: a\n    env:\n      - name: PORT\n        value: 9125\n"),
      template("fine", "containers:\n  - name: fine\n    image: registry.local/fine:1\n"),
    );
    const manager = await startManager(it.cluster);
    try {
      await eventually(async () => {
        await it.kubectl("-n", "c08", "delete", "pod", "till", "--ignore-not-found", "--wait=false", "--grace-period=0", "--force");
        expect((await apply(pod("till", "c08"))).stderr).toBe("");
        expect(await containersOf("till", "c08")).toBe("till fine");
        expect(await it.kubectl("-n", "c08", "get", "pod", "till", "-o", "jsonpath={.metadata.labels.good}")).toBe("yes");
        return true;
      });
      await eventually(async () => {
        for (const name of ["bad-selector", "bad-variable", "bad-label", "big"]) {
          const ready = await it.kubectl("get", "poddefaults", name, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")]}');
          expect(JSON.parse(ready)).toMatchObject({ status: "False", reason: "Invalid" });
        }
        const events = await it.kubectl(
          "get",
          "events",
          "-A",
          "-o",
          "jsonpath={range .items[*]}{.reason} {.involvedObject.name} {.message}{'\\n'}{end}",
        );
        expect(events).toMatch(/Invalid bad-variable .*spec\.env\[0\]\.name/);
        expect(events).toMatch(/Invalid stats sidecarconfig\.yaml: stats:6:9/);
        return true;
      });
    } finally {
      await manager.stop();
    }
  });
});
