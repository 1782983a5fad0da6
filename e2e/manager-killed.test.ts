import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Manager, type Outrigger, startManager, startOutrigger } from "./outrigger.ts";

let it: Outrigger;
let restarted: Manager | undefined;
beforeAll(async () => {
  it = await startOutrigger();
  await it.kubectl.feed(
    JSON.stringify({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "must" },
      spec: { selector: { matchLabels: { app: "must" } }, containers: [{ name: "sidecar", image: "busybox:1.36" }] },
    }),
    "apply",
    "-f",
    "-",
  );
  await eventually(async () => (await run("warm-up", "app=must")).exitCode === 0 && (await containers("warm-up")) === "sidecar warm-up");
});
afterAll(async () => {
  await restarted?.stop();
  await it?.stop();
});

const run = (name: string, labels: string) => it.kubectl.try("run", name, "--image=nginx:1.25", `--labels=${labels}`);
const containers = (name: string) => it.kubectl("get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");

test("killed while pods are made, the manager leaves pods that no rule can match alone, the rest follow failurePolicy, and after a restart all is as before", async () => {
  await it.manager.kill();

  const unrelated = await run("unrelated", "app=other");
  expect(unrelated.stderr).toBe("");
  expect(unrelated.exitCode).toBe(0);

  const matched = await run("matched", "app=must");
  expect(matched.exitCode).toBe(1);
  expect(matched.stderr).toMatch(/failed calling webhook "fail\./);

  restarted = await startManager(it.cluster);
  const after = await run("after", "app=must");
  expect(after.stderr).toBe("");
  expect(await containers("after")).toBe("sidecar after");
});

test("asked to stop, the manager takes its webhook entries away", async () => {
  await restarted!.stop();
  restarted = undefined;
  const { stdout } = await it.kubectl.try("get", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-o", "name");
  expect(stdout).not.toContain("outrigger");
  const free = await run("free", "app=must");
  expect(free.exitCode).toBe(0);
  expect(await containers("free")).toBe("free");
});
