import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outrigger, outrigger, startOutrigger } from "./outrigger.ts";

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
const template = (name: string, content: object, annotations: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "outrigger-system", labels: { "outrigger.dev/injection-template": "true" }, annotations },
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

test("limits of the namespace's LimitRange stay on a sidecar that says none", async () => {
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
});

test("explain template tells which pods are behind, what differs in them, and what to do", async () => {
  const byName = { "outrigger.dev/by-name": "true" };
  const orchard = (image: string, more: object = {}): object => ({
    containers: [{ name: "keeper", image }],
    env: [{ name: "SEASON", value: "autumn" }],
    labels: { keeper: "yes" },
    volumes: [{ name: "baskets", emptyDir: {} }],
    ...more,
  });
  const at = (name: string, metadata: object = {}): object => {
    const { spec } = pod(name, {}) as { spec: object };
    return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "orchard", ...metadata }, spec };
  };
  await apply(namespace("orchard", {}), template("keeper", orchard("registry.local/keeper:1"), byName));
  await apply(namespace("orchard", { "sidecar-injection": "keeper" }));
  const containers = (name: string): Promise<string> =>
    it.kubectl("-n", "orchard", "get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");
  await eventually(async () => {
    await it.kubectl("-n", "orchard", "delete", "pod", "apple", "--ignore-not-found", "--grace-period=0", "--force");
    await apply(at("apple"));
    expect(await containers("apple")).toBe("apple keeper");
    return true;
  });
  // Neither it nor the API server's own defaults make a pod look changed.
  await apply(at("pear", { labels: { "outrigger.dev/inject": "no" } }), {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "small", namespace: "orchard" },
    spec: { limits: [{ type: "Container", default: { cpu: "1" }, defaultRequest: { cpu: "50m" } }] },
  });
  await apply(at("plum"));
  expect(await containers("plum")).toBe("plum keeper");
  const explain = async (...more: string[]): Promise<{ stdout: string; stderr: string; exitCode: number | null }> =>
    outrigger(["explain", "template", ...more, "--kubeconfig", it.cluster.kubeconfigFile]);
  expect(await explain("keeper")).toMatchObject({ stdout: "template keeper: 0 of 2 pods are behind\n", stderr: "", exitCode: 0 });

  await it.kubectl("-n", "orchard", "label", "pod", "pear", "outrigger.dev/inject-");
  await apply(
    template(
      "keeper",
      orchard("registry.local/keeper:2", { env: [{ name: "SEASON", value: "spring" }], labels: { keeper: "two" } }),
      byName,
    ),
  );
  const told = JSON.parse((await explain("keeper", "--output", "json")).stdout);
  const changed = "container keeper: image; label keeper; variable SEASON of container";
  expect(told).toMatchObject({
    template: "keeper",
    matched: 3,
    behind: 3,
    pods: [
      { pod: "orchard/apple", reason: "Changed", message: `${changed} apple`, remedy: expect.stringContaining("delete pod orchard/apple") },
      { pod: "orchard/pear", reason: "Missed" },
      { pod: "orchard/plum", reason: "Changed", message: `${changed} plum` },
    ],
  });
  expect((await explain("keeper")).stdout).toMatch(
    /3 of 3 pods are behind\nPOD +REASON +WHY\norchard\/apple +Changed +container keeper: image/,
  );

  await it.kubectl("-n", "outrigger-system", "delete", "configmap", "keeper");
  expect((await explain("keeper")).stdout).toMatch(
    /2 of 2 pods are behind[\s\S]*orchard\/apple +NotChosen +the template is no longer there/,
  );
  expect(await explain("keper")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("there is no template keper") });
});
