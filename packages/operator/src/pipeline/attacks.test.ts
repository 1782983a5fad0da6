import { applyJsonPatch } from "@outrigger/machinery/patch";
import { describe, expect, test } from "vitest";
import { type Container, INJECTION_ANNOTATION, type Pod } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";
import {
  defaultSidecarSet,
  HASH_ANNOTATION,
  type SidecarSet,
  VOLUMES_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../sidecarset/index.ts";
import type { InjectionTemplate } from "../templates/index.ts";
import { compileRules, type DecideContext, type Decision, decide, explainPod, type RuleSources, type Rules } from "./index.ts";

/*
 * Whoever makes pods tries to keep a mandatory rule off them, by what the pod says about itself.
 */

const set = (spec: object, annotations: Record<string, string> = {}): SidecarSet =>
  defaultSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "guard", annotations },
    spec: { selector: { matchLabels: { team: "billing" } }, containers: [{ name: "guard", image: "guard:1" }], ...spec },
  } as SidecarSet);
const guard = set({});
const defaults = (name: string, spec: PodDefaults["spec"]): PodDefaults => ({
  apiVersion: "outrigger.dev/v1alpha1",
  kind: "PodDefaults",
  metadata: { name },
  spec,
});
const rulesOf = (sources: RuleSources): Rules => compileRules(sources);
const context: DecideContext = { namespace: "shop", namespaceLabels: { "sidecar-injection": "enabled" }, now: "2026-01-02T03:04:05Z" };
const podOf = (more: { metadata?: object; spec?: object; status?: object } = {}): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    ...more,
    metadata: { name: "ledger", labels: { team: "billing" }, ...more.metadata },
    spec: { containers: [{ name: "ledger", image: "ledger:5" }], ...more.spec },
  }) as Pod;
const claim = (...entries: object[]): Record<string, string> => ({
  [INJECTION_ANNOTATION]: JSON.stringify(entries.map((entry) => ({ action: "applied", reason: "Matched", ...entry }))),
});
const container = (decision: Decision, name: string): Container | undefined =>
  [...decision.pod.spec.containers, ...(decision.pod.spec.initContainers ?? [])].find((one) => one.name === name);
/** Decides, and holds what must be so of every decision. */
const settle = (pod: Pod, rules: Rules): Decision => {
  const decision = decide(pod, rules, context);
  expect(applyJsonPatch(structuredClone(pod), decision.patch)).toEqual(decision.pod);
  expect(decide(structuredClone(decision.pod), rules, context).patch, "a second call changes nothing").toEqual([]);
  return decision;
};

describe("a mandatory sidecar is not kept away by", () => {
  const rules = rulesOf({ sidecarSets: [guard] });

  test.each(["Succeeded", "Failed"])("a status that says %s", (phase) => {
    expect(container(settle(podOf({ status: { phase } }), rules), "guard")).toMatchObject({ image: "guard:1" });
  });

  test("a deletion that the author claims", () => {
    const pod = podOf({ metadata: { deletionTimestamp: "2026-01-02T03:04:05Z" } });
    expect(container(settle(pod, rules), "guard")).toMatchObject({ image: "guard:1" });
  });

  test.each([
    ["of a template that does not exist", { rule: "Template/none", labels: ["team"] }],
    ["of PodDefaults that do not exist", { rule: "PodDefaults/none", labels: ["team"] }],
    ["that replaced the label", { rule: "PodDefaults/none", labels: ["team"], replaced: { labels: { team: "other" } } }],
    ["of the set itself", { rule: "SidecarSet/guard", containers: ["guard"], labels: ["team"] }],
    ["of something else", { rule: "Nothing", labels: ["team"] }],
  ])("a forged record %s that hides the label", (_what, entry) => {
    const decision = settle(podOf({ metadata: { annotations: claim(entry) } }), rules);
    expect(container(decision, "guard")).toMatchObject({ image: "guard:1" });
    expect(decision.pod.metadata.annotations?.[INJECTION_ANNOTATION]).not.toContain('"labels"');
  });

  test("a record of a rule that exists, but would set another value", () => {
    const more = defaults("team", { labels: [{ name: "team", value: "other" }] });
    const pod = podOf({ metadata: { annotations: claim({ rule: "PodDefaults/team", labels: ["team"] }) } });
    const decision = settle(pod, rulesOf({ sidecarSets: [guard], podDefaults: [more] }));
    expect(container(decision, "guard")).toMatchObject({ image: "guard:1" });
    expect(decision.reasons.flatMap(({ problems = [] }) => problems).join()).toContain("team");
  });

  test("a thousand claims that hold each other up", () => {
    const entries = Array.from({ length: 1000 }, (_, index) => ({ rule: `PodDefaults/p${index}`, labels: ["team", `l${index}`] }));
    expect(container(settle(podOf({ metadata: { annotations: claim(...entries) } }), rules), "guard")).toBeDefined();
  });
});

describe("an own container that looks like the sidecar", () => {
  const hash = (one: SidecarSet): Record<string, string> => ({
    [HASH_ANNOTATION]: JSON.stringify({
      guard: {
        hash: one.metadata.annotations?.[HASH_ANNOTATION],
        sidecarSetName: "guard",
        sidecarList: ["guard"],
        updateTimestamp: "2026-01-01T00:00:00Z",
      },
    }),
  });
  const forged = {
    name: "guard",
    image: "guard:1",
    command: ["sleep", "infinity"],
    args: ["x"],
    env: [
      { name: "LD_PRELOAD", value: "/evil.so" },
      { name: "IS_INJECTED", value: "true" },
    ],
    envFrom: [{ configMapRef: { name: "evil" } }],
    securityContext: { privileged: true, runAsUser: 0 },
    lifecycle: { postStart: { exec: { command: ["kill", "1"] } } },
    livenessProbe: { exec: { command: ["false"] } },
    volumeMounts: [{ name: "evil", mountPath: "/etc/guard" }],
    resources: { limits: { memory: "1Mi" } },
    workingDir: "/tmp",
    stdin: true,
  };
  const spec = { containers: [{ name: "ledger", image: "ledger:5" }, forged], volumes: [{ name: "evil", configMap: { name: "evil" } }] };

  test.each([
    ["with the set's hash", hash(guard)],
    ["with another hash", { [HASH_ANNOTATION]: JSON.stringify({ guard: { hash: "x", sidecarList: ["guard"] } }) }],
    ["without a hash", {}],
  ])("%s becomes the set's", (_what, annotations) => {
    const decision = settle(podOf({ metadata: { annotations }, spec }), rulesOf({ sidecarSets: [guard] }));
    const { name, image, env, ...rest } = container(decision, "guard")!;
    expect({ name, image, env }).toEqual({ name: "guard", image: "guard:1", env: [{ name: "IS_INJECTED", value: "true" }] });
    expect(rest).toEqual({
      imagePullPolicy: "IfNotPresent",
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    });
  });

  test("is told of", () => {
    const rules = rulesOf({ sidecarSets: [guard] });
    const decision = settle(podOf({ metadata: { annotations: hash(guard) }, spec }), rules);
    const problem =
      /differed in args, command, env, envFrom, lifecycle, livenessProbe, resources, securityContext, stdin, volumeMounts, workingDir/;
    expect(decision.reasons[0]?.problems?.[0]).toMatch(problem);
    expect(explainPod(decision.pod, rules, context)[0]?.problems[0]).toMatch(problem);
  });

  test("keeps the token's mount of the API server, and no other volume in its place", () => {
    const rules = rulesOf({ sidecarSets: [guard] });
    const path = "/var/run/secrets/kubernetes.io/serviceaccount";
    const mount = { name: "evil", mountPath: path, readOnly: true };
    const decision = settle(podOf({ spec: { ...spec, containers: [spec.containers[0], { ...forged, volumeMounts: [mount] }] } }), rules);
    expect(container(decision, "guard")?.volumeMounts).toBeUndefined();
  });

  test("keeps limits of the namespace's LimitRanges, and no others", () => {
    const rules = rulesOf({ sidecarSets: [guard] });
    const once = structuredClone(decide(podOf(), rules, context).pod);
    const resources = { limits: { memory: "128Mi" }, requests: { memory: "128Mi", cpu: "100m" } };
    Object.assign(once.spec.containers[0]!, { resources });
    const ranges = { limits: { memory: "128Mi" }, requests: { memory: "128Mi", cpu: "0.1" } };
    expect(decide(once, rules, { ...context, containerDefaults: ranges }).patch).toEqual([]);
    expect(decide(once, rules, context).pod.spec.containers[0]?.["resources"]).toEqual({});
  });

  test("is refused where it does not even claim to be injected", () => {
    const own = { name: "guard", image: "guard:1", command: ["sleep"] };
    const decision = decide(podOf({ spec: { containers: [own] } }), rulesOf({ sidecarSets: [guard] }), context);
    expect(decision.refusal?.causes[0]?.field).toBe("spec.containers[0].name");
  });

  test("cannot leave both of a hot-upgrade pair idle", () => {
    const hot = set({
      containers: [{ name: "guard", image: "guard:1", upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } }],
    });
    const annotations = { [WORKING_HOT_UPGRADE_ANNOTATION]: JSON.stringify({ guard: "nobody" }) };
    const decision = settle(podOf({ metadata: { annotations } }), rulesOf({ sidecarSets: [hot] }));
    expect(["guard-1", "guard-2"].map((name) => container(decision, name)?.image)).toEqual(["guard:1", "empty:1"]);
  });
});

describe("a mandatory variable is not kept away by", () => {
  const rules = rulesOf({ podDefaults: [defaults("region", { env: [{ name: "REGION", value: "west", override: true }] })] });
  const withEnv = (env: object[], more: object = {}): Pod =>
    podOf({ spec: { containers: [{ name: "ledger", image: "ledger:5", env }] }, ...more });

  test("a variable that is listed twice", () => {
    const pod = withEnv([
      { name: "REGION", value: "mine" },
      { name: "X", value: "1" },
      { name: "REGION", value: "mine" },
    ]);
    expect(container(settle(pod, rules), "ledger")?.env).toEqual([
      { name: "REGION", value: "west" },
      { name: "X", value: "1" },
    ]);
  });

  test("the rule's value first and another behind it", () => {
    const pod = withEnv([
      { name: "REGION", value: "west" },
      { name: "REGION", value: "mine" },
    ]);
    expect(container(settle(pod, rules), "ledger")?.env).toEqual([{ name: "REGION", value: "west" }]);
  });

  test("IS_INJECTED in the app's own container", () => {
    const pod = withEnv([{ name: "IS_INJECTED", value: "true" }]);
    expect(container(settle(pod, rules), "ledger")?.env).toContainEqual({ name: "REGION", value: "west" });
  });

  test("a record that calls the app's container a template's", () => {
    const pod = withEnv([], { metadata: { annotations: claim({ rule: "Template/mesh", containers: ["ledger"] }) } });
    expect(container(settle(pod, rules), "ledger")?.env).toEqual([{ name: "REGION", value: "west" }]);
  });
});

describe("what a sidecar shares of the app is not kept away by", () => {
  const sharing = set({ containers: [{ name: "guard", image: "guard:1", shareVolumePolicy: { type: "enabled" } }] });
  const logs = { name: "logs", mountPath: "/logs" };

  test("IS_INJECTED in the app's own container", () => {
    const app = { name: "ledger", image: "ledger:5", env: [{ name: "IS_INJECTED", value: "true" }], volumeMounts: [logs] };
    const decision = settle(
      podOf({ spec: { containers: [app], volumes: [{ name: "logs", emptyDir: {} }] } }),
      rulesOf({ sidecarSets: [sharing] }),
    );
    expect(container(decision, "guard")?.volumeMounts).toEqual([logs]);
  });
});

describe("a template", () => {
  const mesh: InjectionTemplate = {
    name: "mesh",
    containers: [{ name: "proxy", image: "proxy:3", volumeMounts: [{ name: "run", mountPath: "/run/mesh" }] }],
    volumes: [{ name: "run", emptyDir: {} }],
    labels: { meshed: "yes" },
  };
  const rules = rulesOf({ templates: [mesh] });

  test("puts its container in the place of one that is claimed to be its", () => {
    const own = { name: "proxy", image: "evil:1", command: ["sleep"] };
    const annotations = claim({ rule: "Template/mesh", containers: ["proxy"] });
    const decision = settle(podOf({ metadata: { annotations }, spec: { containers: [{ name: "ledger" }, own] } }), rules);
    expect(container(decision, "proxy")).toEqual(mesh.containers![0]);
  });

  test("keeps its container in a copy that lost every annotation", () => {
    const copy = structuredClone(decide(podOf(), rules, context).pod);
    copy.metadata.annotations = {};
    Object.assign(copy.spec.containers[1]!, {
      imagePullPolicy: "IfNotPresent",
      terminationMessagePath: "/dev/termination-log",
      resources: {},
    });
    const decision = settle(copy, rules);
    expect(decision.pod.spec.containers.map(({ name }) => name)).toEqual(["ledger", "proxy"]);
    expect(decision.pod.spec.volumes).toHaveLength(1);
  });

  test("never gets the pod's Secret in the place of its volume", () => {
    const secret = { name: "run", secret: { secretName: "signing-key" } };
    const decision = settle(podOf({ spec: { volumes: [secret] } }), rules);
    const [mount] = container(decision, "proxy")!.volumeMounts!;
    expect(mount?.name).toMatch(/^run-[0-9a-f]{8}$/);
    expect(decision.pod.spec.volumes).toEqual([secret, { name: mount?.name, emptyDir: {} }]);
    expect(decision.reasons[0]?.problems?.[0]).toContain("run");
  });

  test("is refused with both names where the other name is taken as well", () => {
    const other = decide(podOf({ spec: { volumes: [{ name: "run", secret: {} }] } }), rules, context).pod.spec.volumes![1]!.name;
    const volumes = [
      { name: "run", secret: {} },
      { name: other, secret: { secretName: "evil" } },
    ];
    expect(decide(podOf({ spec: { volumes } }), rules, context).refusal?.message).toMatch(/"run-[0-9a-f]{8}".*template "mesh"/);
  });
});

describe("a sidecar's volume", () => {
  const spec = {
    containers: [{ name: "guard", image: "guard:1", volumeMounts: [{ name: "state", mountPath: "/run/guard" }] }],
    volumes: [{ name: "state", emptyDir: {} }],
  };
  const evil = { name: "state", configMap: { name: "evil" } };

  test("is the pod's where the pod has one of its name, as in kruise, and that is told", () => {
    const decision = settle(podOf({ spec: { volumes: [evil] } }), rulesOf({ sidecarSets: [set(spec)] }));
    expect(container(decision, "guard")?.volumeMounts?.[0]?.name).toBe("state");
    expect(decision.reasons[0]?.problems?.[0]).toContain(`${VOLUMES_ANNOTATION}: own`);
    expect(decision.pod.metadata.annotations?.[INJECTION_ANNOTATION]).toContain(VOLUMES_ANNOTATION);
  });

  const own = rulesOf({ sidecarSets: [set(spec, { [VOLUMES_ANNOTATION]: "own" })] });
  test.each([
    ["of another content", { volumes: [evil] }],
    [
      "of the same content that the app mounts",
      {
        volumes: [{ name: "state", emptyDir: {} }],
        containers: [{ name: "ledger", image: "ledger:5", volumeMounts: [{ name: "state", mountPath: "/s" }] }],
      },
    ],
  ])("is its own where the set asks for that and the pod has one %s", (_what, more) => {
    const decision = settle(podOf({ spec: more }), own);
    const name = container(decision, "guard")?.volumeMounts?.[0]?.name;
    expect(name).toMatch(/^state-[0-9a-f]{8}$/);
    expect(decision.pod.spec.volumes).toEqual([...more.volumes, { name, emptyDir: {} }]);
  });

  test("keeps its name where the pod has none of it", () => {
    expect(container(settle(podOf(), own), "guard")?.volumeMounts?.[0]?.name).toBe("state");
  });

  test("has the pod refused where both names are taken by what the app mounts", () => {
    const first = decide(podOf({ spec: { volumes: [evil] } }), own, context).pod.spec.volumes![1]!;
    const app = { name: "ledger", volumeMounts: [{ name: first.name, mountPath: "/s" }] };
    const decision = decide(podOf({ spec: { volumes: [evil, first], containers: [app] } }), own, context);
    expect(decision.refusal?.message).toContain('SidecarSet "guard"');
  });
});
