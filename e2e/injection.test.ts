import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outrigger, startOutrigger } from "./outrigger.ts";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
  await apply(
    namespace("mesh", { "sidecar-injection": "enabled", region: "west" }),
    template("a-proxy", {
      containers: [{ name: "proxy", image: "registry.local/proxy:3", volumeMounts: [{ name: "info", mountPath: "/etc/info" }] }],
      volumes: [{ name: "info", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } }],
    }),
    template("b-variables", { env: [{ name: "FARM_DOMAIN", value: "farm.example" }] }),
    {
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "shipper" },
      spec: { selector: { matchLabels: { team: "billing" } }, containers: [{ name: "shipper", image: "registry.local/shipper:1" }] },
    },
    {
      apiVersion: "outrigger.dev/v1alpha1",
      kind: "PodDefaults",
      metadata: { name: "region" },
      spec: {
        selector: { matchLabels: { case: "order" } },
        env: [{ name: "FARM_REGION", valueFrom: { namespaceLabel: "region" } }],
      },
    },
  );
  // Rules are in force when the first pod shows it.
  await eventually(async () => {
    await it.kubectl("-n", "mesh", "delete", "pod", "first", "--ignore-not-found", "--grace-period=0", "--force");
    await apply(pod("first", { labels: { team: "billing", case: "order" } }));
    expect(await names("first")).toBe("shipper first proxy");
    expect(await it.kubectl("-n", "mesh", "get", "pod", "first", "-o", "jsonpath={.spec.containers[1].env[*].name}")).toBe(
      "FARM_REGION FARM_DOMAIN",
    );
    return true;
  });
});
afterAll(() => it?.stop());

const namespace = (name: string, labels: object): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
const template = (name: string, content: object): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "outrigger-system", labels: { "outrigger.dev/injection-template": "true" } },
  data: { "sidecarconfig.yaml": JSON.stringify(content) },
});
const pod = (name: string, metadata: object, container: object = {}, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "mesh", ...metadata },
  spec: { containers: [{ name, image: "registry.local/app:5", ...container }], ...spec },
});
const apply = async (...objects: object[]): Promise<void> => {
  const { exitCode, stderr } = await it.kubectl.feed(
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
    "apply",
    "-f",
    "-",
  );
  expect(exitCode, stderr).toBe(0);
};
const names = (name: string): Promise<string> => it.kubectl("-n", "mesh", "get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");
const json = async (name: string): Promise<{ metadata: Record<string, never>; spec: Record<string, never> }> =>
  JSON.parse(await it.kubectl("-n", "mesh", "get", "pod", name, "-o", "json")) as never;

test("a copy for debugging has each sidecar once, with and without the pod's labels", async () => {
  await apply(pod("ledger", { labels: { team: "billing" } }));
  expect(await names("ledger")).toBe("shipper ledger proxy");
  const debug = (copy: string, ...more: string[]): Promise<string> =>
    it.kubectl("-n", "mesh", "debug", "ledger", `--copy-to=${copy}`, "--image=busybox", "-c", "dbg", "--profile=general", ...more);
  await debug("ledger-copy");
  expect((await names("ledger-copy")).split(" ").sort()).toEqual(["dbg", "ledger", "proxy", "shipper"]);
  await debug("ledger-labelled", "--keep-labels");
  expect((await names("ledger-labelled")).split(" ").sort()).toEqual(["dbg", "ledger", "proxy", "shipper"]);
});

test("a pod that is stored and created again keeps each sidecar once, and so does one whose annotations were lost", async () => {
  await apply(pod("till", { labels: { team: "billing" } }));
  const { metadata, spec } = await json("till");
  const again = (name: string, more: object): object => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "mesh", ...more },
    spec,
  });
  await apply(again("till-restored", { labels: metadata["labels"], annotations: metadata["annotations"] }));
  await apply(again("till-bare", { labels: metadata["labels"] }));
  for (const name of ["till-restored", "till-bare"]) expect(await names(name)).toBe("shipper till proxy");
});

test("variables that rules add stand before the pod's own, which may refer to them", async () => {
  const env = [{ name: "FEED_URL", value: "http://feed.$(FARM_REGION).$(FARM_DOMAIN)/" }];
  await apply(pod("barn", { labels: { case: "order" } }, { env }));
  expect(await it.kubectl("-n", "mesh", "get", "pod", "barn", "-o", "jsonpath={.spec.containers[0].env[*].name}")).toBe(
    "FARM_REGION FARM_DOMAIN FEED_URL",
  );
});

test("a template's container gets the template's volume, and never the pod's Secret of that name", async () => {
  const volumes = [{ name: "info", secret: { secretName: "signing-key", optional: true } }];
  await apply(pod("mill", {}, { volumeMounts: [{ name: "info", mountPath: "/var/secrets" }] }, { volumes }));
  const { spec } = await json("mill");
  const all = spec as unknown as {
    containers: { name: string; volumeMounts: { name: string; mountPath: string }[] }[];
    volumes: { name: string; downwardAPI?: object }[];
  };
  const mount = all.containers.find(({ name }) => name === "proxy")?.volumeMounts.find(({ mountPath }) => mountPath === "/etc/info");
  expect(mount?.name).not.toBe("info");
  expect(all.volumes.find(({ name }) => name === mount?.name)?.downwardAPI).toBeDefined();
});

// The devcluster has no plugin LimitRanger.
test.runIf(process.env["OUTRIGGER_E2E_CLUSTER"] === "real")(
  "limits of the namespace's LimitRange stay on a sidecar that says none",
  async () => {
    await apply({
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "limits", namespace: "mesh" },
      spec: { limits: [{ type: "Container", default: { memory: "128Mi" }, defaultRequest: { memory: "64Mi" }, max: { memory: "256Mi" } }] },
    });
    await eventually(async () => {
      await it.kubectl("-n", "mesh", "delete", "pod", "limited", "--ignore-not-found", "--grace-period=0", "--force");
      await apply(pod("limited", { labels: { team: "billing" } }));
      expect(await it.kubectl("-n", "mesh", "get", "pod", "limited", "-o", "jsonpath={.spec.containers[*].resources.limits.memory}")).toBe(
        "128Mi 128Mi 128Mi",
      );
      return true;
    });
  },
);
