import { describe, expect, test } from "vitest";
import { INJECTION_ANNOTATION, type Pod, type Volume } from "../pod/index.ts";
import { defaultSidecarSet, ON_CONFLICT_ANNOTATION, type SidecarSet } from "../sidecarset/index.ts";
import { compileRules, type DecideContext, decide, explainPod } from "./index.ts";

const set = (name: string, spec: SidecarSet["spec"] = {}, annotations: Record<string, string> = {}): SidecarSet =>
  defaultSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name, annotations },
    spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name, image: "agent:1" }], ...spec },
  });
const web: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", labels: { app: "web" } },
  spec: { containers: [{ name: "main", image: "web:1" }] },
};
const context: DecideContext = { namespace: "shop", namespaceLabels: { team: "shop" }, now: "2026-01-02T03:04:05Z" };

const serviceAccountVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
  },
});

describe("explain", () => {
  test("tells of every rule, from the pod's own record where there is one", () => {
    const past = compileRules({ sidecarSets: [set("logs"), set("gone")] });
    const admitted = decide(web, past, context).pod;
    const today = compileRules({
      sidecarSets: [
        set("logs"),
        set("new"),
        set("other-app", { selector: { matchLabels: { app: "api" } } }),
        set("other-team", { namespaceSelector: { matchLabels: { team: "bank" } } }),
        set("paused", { injectionStrategy: { paused: true } }),
      ],
      templates: [{ name: "delay", containers: [{ name: "delay" }] }],
    });
    const told = explainPod(admitted, today, context).map(({ rule, source, action, reason }) => `${rule} ${source} ${action} ${reason}`);
    expect(told.sort()).toEqual([
      "SidecarSet/gone claimed skipped ClaimRejected",
      "SidecarSet/logs recorded applied Matched",
      "SidecarSet/new recomputed applied Matched",
      "SidecarSet/other-app recomputed skipped SelectorMismatch",
      "SidecarSet/other-team recomputed skipped NamespaceMismatch",
      "SidecarSet/paused recomputed skipped Paused",
      "Template/delay recomputed skipped NotOptedIn",
    ]);
  });

  test("tells why a whole namespace is left out", () => {
    const rules = compileRules({ sidecarSets: [set("logs")] });
    for (const namespace of ["kube-system", "kube-public", "kube-node-lease"])
      expect(explainPod(web, rules, { ...context, namespace })).toMatchObject([
        { rule: "SidecarSet/logs", action: "skipped", reason: "NamespaceExcluded" },
      ]);
  });
});

describe("what somebody wrote into a pod's record after its admission", () => {
  const rules = compileRules({ sidecarSets: [set("logs")] });
  const record = (...entries: object[]): Pod => ({
    ...web,
    metadata: {
      ...web.metadata,
      annotations: {
        [INJECTION_ANNOTATION]: JSON.stringify(entries.map((entry) => ({ action: "applied", reason: "Matched", ...entry }))),
      },
    },
  });
  const brief = (pod: Pod, at: DecideContext = context): string[] =>
    explainPod(pod, rules, at).map(({ rule, source, action, reason }) => `${rule} ${source} ${action} ${reason}`);

  test("is told as a claim beside what the rule would do", () => {
    const forged = record({ rule: "SidecarSet/logs", containers: ["logs"] });
    expect(brief(forged)).toEqual(["SidecarSet/logs recomputed applied Matched", "SidecarSet/logs claimed skipped ClaimRejected"]);
    const [would, says] = explainPod(forged, rules, context);
    expect(would?.message).toContain("does not confirm what this one's annotation says: applied (Matched)");
    expect(says?.message).toMatch(/^container logs when the pod was admitted, as its annotation claims; today's rules do not confirm it/);
    expect(says?.problems).toEqual(["containers logs: not what the rule makes of this pod now"]);
    expect(says?.containers).toEqual([]);
  });

  test("does not pass for work that the rule still has in the pod", () => {
    expect(brief(record({ rule: "SidecarSet/logs" }))).toEqual([
      "SidecarSet/logs recomputed applied Matched",
      "SidecarSet/logs claimed skipped ClaimRejected",
    ]);
  });

  test("hides no rule, whatever reason it gives", () => {
    for (const reason of ["Paused", "ClaimRejected", "RuleInvalid"])
      expect(brief(record({ rule: "SidecarSet/logs", action: "skipped", reason }))).toContain("SidecarSet/logs recomputed applied Matched");
  });

  test("is not believed of a namespace that is left out, nor of a rule that is not there", () => {
    const forged = record({ rule: "SidecarSet/logs", containers: ["main"] }, { rule: "Template/none", labels: ["app"] });
    expect(brief(forged, { ...context, namespace: "kube-system" })).toEqual([
      "SidecarSet/logs recomputed skipped NamespaceExcluded",
      "SidecarSet/logs claimed skipped ClaimRejected",
      "Template/none claimed skipped ClaimRejected",
    ]);
  });

  test("reaches a terminal short and without control characters", () => {
    const evil = `\u001b[2J${"x".repeat(10_000)}`;
    const told = explainPod(record({ rule: `SidecarSet/${evil}`, containers: [evil], problems: [evil] }), rules, context);
    const text = JSON.stringify(told);
    expect(text).not.toContain("\\u001b");
    expect(text.length).toBeLessThan(4_000);
  });
});

describe("a sidecar with the name of an app container", () => {
  const clashing: Pod = {
    ...web,
    spec: {
      containers: [
        { name: "main", image: "web:1" },
        { name: "logs", image: "mine:1" },
      ],
    },
  };

  test("has the pod refused, with both names, the field and the way out", () => {
    const decision = decide(clashing, compileRules({ sidecarSets: [set("logs")] }), context);
    expect(decision.refusal?.causes).toHaveLength(1);
    expect(decision.refusal?.causes[0]?.field).toBe("spec.containers[1].name");
    expect(decision.refusal?.message).toContain('container "logs"');
    expect(decision.refusal?.message).toContain('sidecar "logs" of SidecarSet "logs"');
    expect(decision.refusal?.message).toContain(`${ON_CONFLICT_ANNOTATION}: replace`);
    expect(decision.patch).toEqual([]);
    expect(decision.pod).toBe(clashing);
  });

  test("takes its place where the set asks for that", () => {
    const decision = decide(clashing, compileRules({ sidecarSets: [set("logs", {}, { [ON_CONFLICT_ANNOTATION]: "replace" })] }), context);
    expect(decision.pod.spec.containers.map(({ image }) => image)).toEqual(["web:1", "agent:1"]);
  });

  test("is found among init containers and other sets as well", () => {
    const init: Pod = { ...web, spec: { ...web.spec, initContainers: [{ name: "logs", image: "mine:1" }] } };
    expect(decide(init, compileRules({ sidecarSets: [set("logs")] }), context).refusal?.causes[0]?.field).toBe(
      "spec.initContainers[0].name",
    );
    const both = compileRules({
      sidecarSets: [set("a", { containers: [{ name: "x", image: "a:1" }] }), set("b", { containers: [{ name: "x", image: "b:1" }] })],
    });
    expect(decide(web, both, context).refusal?.message).toMatch(/SidecarSet "a".*SidecarSet "b"/);
  });
});

describe("a second call", () => {
  const rules = compileRules({
    sidecarSets: [set("logs", { containers: [{ name: "logs", image: "agent:1", shareVolumePolicy: { type: "enabled" } }] })],
  });

  test("keeps what the API server added to an injected container, and the time of the first", () => {
    const once = structuredClone(decide(web, rules, context).pod);
    const [sidecar] = once.spec.containers;
    Object.assign(sidecar!, {
      imagePullPolicy: "Always",
      volumeMounts: [{ name: "kube-api-access-x7p2k", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }],
    });
    Object.assign(once.spec, { volumes: [serviceAccountVolume("kube-api-access-x7p2k")] });
    expect(decide(once, rules, { ...context, now: "2030-01-01T00:00:00Z" }).patch).toEqual([]);
  });

  test("shares a mount that another webhook gave the app in between", () => {
    const once = structuredClone(decide(web, rules, context).pod);
    Object.assign(once.spec.containers[1]!, { volumeMounts: [{ name: "secrets", mountPath: "/vault" }] });
    const again = decide(once, rules, context);
    expect(again.pod.spec.containers[0]?.volumeMounts).toEqual([{ name: "secrets", mountPath: "/vault" }]);
    expect(again.patch).toEqual([{ op: "replace", path: "/spec/containers/0", value: again.pod.spec.containers[0] }]);
  });

  test("after a change of the set brings the container up to date in its place", () => {
    const once = structuredClone(decide(web, rules, context).pod);
    const changed = compileRules({ sidecarSets: [set("logs", { containers: [{ name: "logs", image: "agent:2" }] })] });
    const again = decide(once, changed, { ...context, now: "2030-01-01T00:00:00Z" });
    expect(again.pod.spec.containers.map(({ name, image }) => `${name} ${image}`)).toEqual(["logs agent:2", "main web:1"]);
    expect(again.pod.metadata.annotations?.["kruise.io/sidecarset-hash"]).toContain("2030-01-01T00:00:00Z");
  });
});
