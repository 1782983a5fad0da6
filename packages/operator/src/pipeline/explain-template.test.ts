import { expect, test } from "vitest";
import type { Pod } from "../pod/index.ts";
import type { InjectionTemplate } from "../templates/index.ts";
import { compileRules, decide, explainTemplate, type Rules } from "./index.ts";

const around = { namespaceLabels: { "sidecar-injection": "enabled" } };
const rulesOf = (template: Omit<InjectionTemplate, "name">): Rules => compileRules({ templates: [{ name: "proxy", ...template }] });
const first: Omit<InjectionTemplate, "name"> = {
  containers: [{ name: "proxy", image: "proxy:1", volumeMounts: [{ name: "run", mountPath: "/run/proxy" }] }],
  volumes: [{ name: "run", emptyDir: {} }],
};
const web = (metadata: object = {}, spec: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", namespace: "shop", ...metadata },
  spec: { containers: [{ name: "web", image: "web:1" }], ...spec },
});
const admitted = (pod: Pod, template = first): Pod =>
  decide(pod, rulesOf(template), { namespace: "shop", ...around, now: "2026-01-02T03:04:05Z" }).pod;
const explain = (template: Omit<InjectionTemplate, "name">, ...pods: Pod[]) =>
  explainTemplate("proxy", rulesOf(template), pods, () => around);
const owned = (kind: string, name: string, labels: object = {}): Pod =>
  admitted(web({ labels, ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: "1", controller: true }] }));

test("a pod is not behind as long as the template gives it the same", () => {
  const secret = { volumes: [{ name: "run", secret: { secretName: "key" } }] };
  expect(explain(first, admitted(web()), admitted(web({}, secret)))).toEqual({ template: "proxy", matched: 2, behind: 0, pods: [] });
});

test.each<[string, Omit<InjectionTemplate, "name">]>([
  ["container proxy: image", { ...first, containers: [{ ...first.containers![0]!, image: "proxy:2" }] }],
  ["container proxy: volumeMounts; volume run", { ...first, volumes: [{ name: "run", emptyDir: { medium: "Memory" } }] }],
  ["container audit is new", { ...first, containers: [...first.containers!, { name: "audit", image: "audit:1" }] }],
  ["container proxy is no longer in the template", { volumes: first.volumes! }],
  ["variable MODE of container web", { ...first, env: [{ name: "MODE", value: "fast" }] }],
  ["mount /data of container web", { ...first, volumeMounts: [{ name: "run", mountPath: "/data" }] }],
  ["annotation mesh", { ...first, annotations: { mesh: "on" } }],
  ["pull secret registry", { ...first, imagePullSecrets: [{ name: "registry" }] }],
  ["securityContext.fsGroup", { ...first, securityContext: { fsGroup: 7 } }],
])("what differs is named: %s", (message, today) => {
  expect(explain(today, admitted(web())).pods).toMatchObject([{ pod: "shop/web-0", reason: "Changed", message }]);
});

test("what was taken back from the pod's own containers is named as well", () => {
  const before = { ...first, env: [{ name: "MODE", value: "fast" }], labels: { mesh: "on" } };
  const [pod] = explain(first, admitted(web(), before)).pods;
  expect(pod!.message).toBe("label mesh; variable MODE of container web");
});

test("another value of the security context is named, and one of the pod's own is not", () => {
  const before = { ...first, securityContext: { fsGroup: 7, seccompProfile: { type: "RuntimeDefault" } } };
  const pod = admitted(web(), before);
  const own = admitted(web({}, { securityContext: { fsGroup: 9 } }), before);
  expect(explain(before, pod, own).behind).toBe(0);
  const today = { ...first, securityContext: { fsGroup: 8, seccompProfile: { type: "RuntimeDefault" } } };
  expect(explain(today, pod, own).pods.map(({ message }) => message)).toEqual(["securityContext.fsGroup"]);
  expect(explain(first, pod, own).pods.map(({ message }) => message)).toEqual([
    "securityContext.fsGroup; securityContext.seccompProfile",
    "securityContext.seccompProfile",
  ]);
});

test("pods that ended, that are being deleted, or that the template never concerned do not count", () => {
  const gone = [{ status: { phase: "Succeeded" } }, { status: { phase: "Failed" } }].map((more) => ({ ...web(), ...more }) as Pod);
  const others = [web({ deletionTimestamp: "2026-01-02T03:04:05Z" }), web({ annotations: { "outrigger.dev/inject": "no" } })];
  expect(explain(first, ...gone, ...others).matched).toBe(0);
});

test("a pod that would be refused today says why", () => {
  const taken = web({}, { containers: [{ name: "proxy", image: "mine:1" }] });
  expect(explain(first, taken).pods).toMatchObject([{ reason: "Refused", message: expect.stringContaining('container "proxy"') }]);
});

test.each([
  ["kubectl -n shop rollout restart deployment/web", owned("ReplicaSet", "web-6d5f8c7b9", { "pod-template-hash": "6d5f8c7b9" })],
  ["kubectl -n shop rollout restart statefulset/pd", owned("StatefulSet", "pd")],
  ["kubectl -n shop rollout restart daemonset/agent", owned("DaemonSet", "agent")],
  ["kubectl -n shop delete pod web-0: its ReplicaSet makes another", owned("ReplicaSet", "bare")],
  ["the next run of Job shop/import gets it", owned("Job", "import")],
  ["delete pod shop/web-0 and create it again: nothing else does", admitted(web())],
])("what to do depends on the owner: %s", (remedy, pod) => {
  const today = { ...first, containers: [{ ...first.containers![0]!, image: "proxy:2" }] };
  expect(explain(today, pod).pods).toMatchObject([{ reason: "Changed", remedy }]);
});
