import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Kubectl, kubectlFor, kubectlPath, kubectlPaths } from "./kubectl.ts";
import { startCluster } from "./outrigger.ts";

// What people do with plain kubectl, with each version at hand, or in the suite that is to be quick with the one to test with.
// The typed create commands send protobuf from 1.32 on.
let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "outrigger-kubectl-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster?.close();
});

const deployment = (image: string, replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: ${image}
        env:
        - {name: A, value: "1"}
`;

const first = kubectlPath();
const paths = process.env["OUTRIGGER_E2E_KUBECTL"] === "one" ? [first] : kubectlPaths();
for (const [index, path] of paths.entries()) {
  describe(`${path === first ? "the kubectl to test with" : basename(path)} (${index})`, () => {
    const namespace = `kubectl-${index}`;
    let kubectl: Kubectl;
    const run = (...args: string[]) => kubectl("-n", namespace, ...args);
    const get = async (...args: string[]): Promise<Record<string, unknown>> =>
      JSON.parse(await run("get", ...args, "-o", "json")) as Record<string, unknown>;

    beforeAll(async () => {
      kubectl = kubectlFor(cluster.kubeconfigFile, path);
      await kubectl("create", "namespace", namespace);
      // A real control plane makes the ServiceAccount a moment after its namespace.
      await kubectl("-n", namespace, "wait", "--for=create", "serviceaccount/default", "--timeout=30s").catch(() =>
        waitFor(() => kubectl("-n", namespace, "get", "serviceaccount", "default")),
      );
    });
    afterAll(() => kubectl("delete", "namespace", namespace, "--wait=false"));

    test("the typed create commands make what they say", async () => {
      await run("create", "configmap", "settings", "--from-literal=a=1", "--from-literal=b=two");
      expect((await get("configmap", "settings"))["data"]).toEqual({ a: "1", b: "two" });
      await run("create", "secret", "generic", "credentials", "--from-literal=password=hunter2");
      expect(await run("get", "secret", "credentials", "-o", "jsonpath={.data.password}")).toBe(Buffer.from("hunter2").toString("base64"));
      await run("create", "serviceaccount", "robot");
      expect(await run("get", "sa", "robot", "-o", "name")).toBe("serviceaccount/robot\n");
      await run("create", "service", "clusterip", "front", "--tcp=80:8080");
      expect(await run("get", "svc", "front", "-o", "jsonpath={.spec.ports[0].port}>{.spec.ports[0].targetPort} {.spec.type}")).toBe(
        "80>8080 ClusterIP",
      );
      await run("create", "deployment", "made", "--image=nginx:1.25", "--replicas=2");
      await run("rollout", "status", "deployment/made", "--timeout=60s");
      expect(await run("get", "deployment", "made", "-o", "jsonpath={.status.readyReplicas}")).toBe("2");
    });

    test("apply makes, changes by three-way merge, and says unchanged", async () => {
      const file = join(folder, `web-${index}.yaml`);
      writeFileSync(file, deployment("nginx:1.25", 1));
      expect(await run("apply", "-f", file)).toBe("deployment.apps/web created\n");
      expect(await run("apply", "-f", file)).toBe("deployment.apps/web unchanged\n");
      await run("scale", "deployment/web", "--replicas=3");
      writeFileSync(file, deployment("nginx:1.26", 2));
      expect(await run("apply", "-f", file)).toBe("deployment.apps/web configured\n");
      expect(
        await run(
          "get",
          "deployment",
          "web",
          "-o",
          "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value}",
        ),
      ).toBe("2 nginx:1.26 1");
      await run("rollout", "status", "deployment/web", "--timeout=60s");
      // Pods of the former revision may be on their way out when the rollout is done.
      await eventually(async () => {
        expect(await run("get", "pods", "-l", "app=web")).toMatch(
          /^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\n(web-[a-z0-9]+-[a-z0-9]{5}\s+1\/1\s+Running\s+0\s+\S+\n){2}$/,
        );
        return true;
      });
      expect(await run("get", "deployment", "web", "-o", "wide")).toMatch(
        /^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR\nweb\s+2\/2\s+2\s+2\s+\S+\s+web\s+nginx:1\.26\s+app=web\n$/,
      );
    });

    test("server-side apply makes and reports conflicts by field", async () => {
      const file = join(folder, `ssa-${index}.yaml`);
      writeFileSync(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: '1'}\n");
      expect(await run("apply", "--server-side", "-f", file)).toBe("configmap/ssa serverside-applied\n");
      const conflict = await kubectl.feed(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: '2'}\n",
        "-n",
        namespace,
        "apply",
        "--server-side",
        "--field-manager=other",
        "-f",
        "-",
      );
      expect(conflict.exitCode).toBe(1);
      expect(conflict.stderr).toContain("Apply failed with 1 conflict");
      expect(conflict.stderr).toContain(".data.a");
    });

    test("run, label, annotate, edit by patch, describe, wait and delete work on a pod", async () => {
      await run("run", "one", "--image=busybox:1.36", "--labels=app=one");
      await run("wait", "pod/one", "--for=condition=Ready", "--timeout=60s");
      await run("label", "pod", "one", "tier=back");
      await run("annotate", "pod", "one", "note=hello");
      await run("patch", "pod", "one", "-p", '{"metadata":{"labels":{"tier":"front"}}}');
      await run("patch", "pod", "one", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels/x","value":"y"}]');
      await run("patch", "pod", "one", "--type=merge", "-p", '{"metadata":{"labels":{"x":null}}}');
      expect(((await get("pod", "one"))["metadata"] as { labels: object }).labels).toEqual({ app: "one", tier: "front" });
      const described = await run("describe", "pod", "one");
      expect(described).toMatch(/Name:\s+one\n/);
      expect(described).toMatch(/Status:\s+Running\n/);
      expect(described).toMatch(/Scheduled\s.*Successfully assigned/);
      expect(await run("get", "pod", "one", "-o", "yaml")).toMatch(/^apiVersion: v1\nkind: Pod\nmetadata:\n/);
      expect(await run("delete", "pod", "one", "--grace-period=1")).toMatch(/^pod "one" deleted/);
      const gone = await kubectl.try("-n", namespace, "get", "pod", "one");
      expect(gone.stderr).toBe('Error from server (NotFound): pods "one" not found\n');
    });

    test("create -f refuses what is there already, an unknown field and a wrong type", async () => {
      const file = join(folder, `create-${index}.yaml`);
      writeFileSync(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata: {a: b}\n");
      expect(await run("create", "-f", file)).toBe("configmap/twice created\n");
      expect((await kubectl.try("-n", namespace, "create", "-f", file)).stderr).toBe(
        `Error from server (AlreadyExists): error when creating "${file}": configmaps "twice" already exists\n`,
      );
      const unknown = await kubectl.feed(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, imagePulPolicy: Always}]}\n",
        "-n",
        namespace,
        "create",
        "-f",
        "-",
      );
      expect(unknown.stderr).toContain('unknown field "spec.containers[0].imagePulPolicy"');
      const wrong = await kubectl.feed(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: {name: c}}\n",
        "-n",
        namespace,
        "create",
        "-f",
        "-",
      );
      expect(wrong.exitCode).toBe(1);
    });

    test("a deleted namespace takes its content with it", async () => {
      await kubectl("create", "namespace", `${namespace}-gone`);
      await kubectl("-n", `${namespace}-gone`, "create", "configmap", "inside");
      await kubectl("delete", "namespace", `${namespace}-gone`, "--timeout=60s");
      expect((await kubectl.try("get", "namespace", `${namespace}-gone`)).stderr).toContain("not found");
    });
  });
}

async function waitFor(attempt: () => Promise<unknown>): Promise<void> {
  await eventually(async () => (await attempt()) !== undefined);
}
