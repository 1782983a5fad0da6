// What `@kubernetes/client-node` does with a cluster: `node client.js FOLDER-OF-THE-CLIENT`. Each step fails with an AssertionError.
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";

const k8s = await import(new URL("dist/index.js", `file://${process.argv[2]}/`).href);
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const rbac = config.makeApiClient(k8s.AuthorizationV1Api);
const namespace = "default";
const refused = (code, call) => assert.rejects(call, (error) => error.code === code && JSON.parse(error.body).kind === "Status");

const labels = { app: "js" };
const deployment = {
  metadata: { name: "js" },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "js", image: "js:1" }] } },
  },
};

const running = new Set();
const all = Promise.withResolvers();
const list = () => core.listNamespacedPod({ namespace, labelSelector: "app=js" });
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, list, "app=js");
for (const verb of ["add", "update"]) {
  informer.on(verb, (pod) => {
    if (pod.status?.phase === "Running") running.add(pod.metadata.name);
    if (running.size === 2) all.resolve();
  });
}
informer.on("error", all.reject);
await informer.start();
await apps.createNamespacedDeployment({ namespace, body: deployment });
await refused(409, apps.createNamespacedDeployment({ namespace, body: deployment }));
await refused(404, core.readNamespacedPod({ namespace, name: "nothing" }));
await all.promise;
assert.deepEqual(new Set(informer.list().map((pod) => pod.metadata.name)), running);
await informer.stop();

const { items } = await list();
assert.ok(items[0].status.startTime instanceof Date);
const logs = new PassThrough();
await new k8s.Log(config).log(namespace, items[0].metadata.name, "js", logs, { follow: true, tailLines: 1 });
const [first] = await once(logs, "data");
assert.ok(first.length > 0);
logs.destroy();

const patched = await apps.patchNamespacedDeployment(
  { namespace, name: "js", body: [{ op: "replace", path: "/spec/replicas", value: 1 }] },
  k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.JsonPatch),
);
assert.equal(patched.spec.replicas, 1);
const scale = await apps.readNamespacedDeploymentScale({ namespace, name: "js" });
assert.equal(scale.spec.replicas, 1);

const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied", namespace }, data: { a: "1" } };
const applied = await objects.patch(map, undefined, undefined, "client-node", true, k8s.PatchStrategy.ServerSideApply);
assert.deepEqual(applied.data, { a: "1" });
assert.equal((await objects.read(map)).data.a, "1");
const review = await rbac.createSelfSubjectAccessReview({
  body: { spec: { resourceAttributes: { verb: "create", resource: "pods", namespace } } },
});
assert.equal(review.status.allowed, true);
await objects.delete(map);
await refused(404, objects.read(map));
await apps.deleteNamespacedDeployment({ namespace, name: "js" });
console.log("all as expected");
process.exit(0);
