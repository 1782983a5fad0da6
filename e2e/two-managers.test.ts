import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { type Manager, startCluster, startManager } from "./outrigger.ts";

let cluster: TestCluster;
let kubectl: Kubectl;
let first: Manager;
let second: Manager;
beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
  first = await startManager(cluster);
  await kubectl.feed(
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
  second = await startManager(cluster);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await cluster?.close();
});

const holder = () => kubectl("-n", "outrigger-system", "get", "lease", "outrigger-manager", "-o", "jsonpath={.spec.holderIdentity}");
const urls = async (): Promise<string[]> =>
  (
    await kubectl(
      "get",
      "mutatingwebhookconfigurations,validatingwebhookconfigurations",
      "-o",
      'jsonpath={range .items[*]}{range .webhooks[*]}{.clientConfig.url}{"\\n"}{end}{end}',
    )
  )
    .split("\n")
    .filter((url) => url !== "")
    .map((url) => new URL(url).origin);
const containers = async (name: string) => {
  const { stderr, exitCode } = await kubectl.try("run", name, "--image=nginx:1.25", "--labels=app=must");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return kubectl("get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");
};

test("of two managers one leads, and the second says that it waits", async () => {
  const [leader] = await Promise.all([holder(), eventually(async () => (await containers("both")) === "sidecar both")]);
  expect(leader).toContain(`.${first.process.pid}.`);
  expect(second.output()).toContain("another manager leads");
  expect(new Set(await urls()).size, "all entries name one manager").toBe(1);
});

test("while the second takes over, no pod misses its sidecar and none is refused", async () => {
  const before = new Set(await urls());
  let stopped = false;
  const stopping = first.stop().then(() => {
    stopped = true;
  });
  const made: string[] = [];
  for (let pod = 0; !stopped || pod < 10; pod++) made.push(await containers(`handover-${pod}`));
  await stopping;
  expect(made.filter((names) => !names.startsWith("sidecar "))).toEqual([]);
  expect(await holder()).toContain(`.${second.process.pid}.`);
  const after = await urls();
  expect(after.length).toBeGreaterThan(0);
  expect(after.filter((url) => before.has(url))).toEqual([]);
});

test("of a manager that was killed beside it, the next one takes the lease at once", async () => {
  await second.kill();
  const start = performance.now();
  first = await startManager(cluster);
  expect(await holder()).toContain(`.${first.process.pid}.`);
  // A lease whose holder may live is waited for 15 seconds.
  expect(performance.now() - start).toBeLessThan(14_000);
  expect(await containers("after")).toBe("sidecar after");
});

test("the last one takes its entries away", async () => {
  await first.stop();
  expect(await urls()).toEqual([]);
  const { stdout } = await kubectl.try("-n", "outrigger-system", "get", "lease", "-o", "name");
  expect(stdout).not.toContain("outrigger-serving");
});
