import type { LabelSelector } from "@outrigger/kit/api";
import { defaultObject, kinds } from "@outrigger/machinery/kinds";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INJECTION_ANNOTATION, type Pod } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";
import { rejectedClaims, seenPod } from "../seen-pod/index.ts";
import { defaultSidecarSet, RUN_AS_ANNOTATION, type SidecarSet, WORKING_HOT_UPGRADE_ANNOTATION } from "../sidecarset/index.ts";
import type { InjectionTemplate } from "../templates/index.ts";
import { compileRules, type DecideContext, decide, explainPod, type Rules } from "./index.ts";

// Few names, so that rules and pods meet: labels that match, volumes and variables that collide, keys that need escaping.
const key = fc.constantFrom("app", "tier", "a/b", "x~y");
const word = fc.constantFrom("web", "api", "");
const map = fc.dictionary(key, word, { maxKeys: 3 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const env = fc.array(fc.record({ name: fc.constantFrom("TZ", "REGION", "ODD"), value: word }), { maxLength: 3 });
const mounts = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("logs", "data"),
    mountPath: fc.constantFrom("/a", "/b", "/c"),
    subPathExpr: fc.constantFrom("$(TZ)", "x"),
  }),
  {
    selector: (mount) => mount.mountPath,
    maxLength: 2,
  },
);
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
const container = (names: readonly string[]) =>
  fc.record({ name: fc.constantFrom(...names), image: fc.constant("image:1"), env: maybe(env), volumeMounts: maybe(mounts) }).map(present);
/** Validation keeps Overwrite and MergePatchJson from one key. */
const mergedKey = fc.constantFrom("m/one", "m/two");
/** Texts of JSON objects in forms that a merge writes otherwise: spaces, nulls, order, numbers. */
const json = fc.constantFrom('{"a":null}', '{ "b": 1.0, "a": {"z":1,"y":null} }', '{"b":2,"a":{"y":"<x>"}}', '{"c":[1,{"d":null}]}');
const resources = fc.constantFrom(undefined, { requests: { cpu: "100m" } }, { limits: { cpu: "1", memory: "1Gi" } });
const unique = <T extends { name: string }>(item: fc.Arbitrary<T>, minLength = 0) =>
  fc.uniqueArray(item, { selector: ({ name }) => name, minLength, maxLength: 2 });
const volumes = unique(fc.record({ name: fc.constantFrom("logs", "data"), emptyDir: fc.constant({}) }));

/** Also what a template copied from a running pod carries. */
const annotations = fc
  .tuple(
    map,
    fc.dictionary(mergedKey, json, { maxKeys: 1 }),
    fc.constantFrom({}, { [WORKING_HOT_UPGRADE_ANNOTATION]: '{"alpha-1":"alpha-1-2","x":"x-1"}' }),
  )
  .map((parts): Record<string, string> => Object.assign({}, ...parts));

const pods = fc
  .record({
    labels: maybe(map),
    annotations: maybe(annotations),
    containers: unique(
      fc
        .record({ base: container(["main", "second"]), more: resources })
        .map(({ base, more }) => (more ? { ...base, resources: more } : base)),
      1,
    ),
    initContainers: maybe(unique(container(["prepare", "seed"]))),
    volumes: maybe(volumes),
    imagePullSecrets: maybe(unique(fc.record({ name: fc.constantFrom("own", "p1") }))),
    hostNetwork: maybe(fc.boolean()),
    securityContext: fc.constantFrom(undefined, {}, { runAsUser: 1 }, { runAsUser: 2, fsGroup: 3 }),
  })
  .map(
    ({ labels, annotations, ...spec }): Pod => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: present({ name: "web-0", labels, annotations }) as Pod["metadata"],
      spec: present(spec) as Pod["spec"],
    }),
  );

const sidecar = (prefix: string) =>
  fc
    .record({
      base: container([`${prefix}-1`, `${prefix}-2`]),
      podInjectPolicy: fc.constantFrom("BeforeAppContainer", "AfterAppContainer"),
      share: fc.constantFrom("enabled", "disabled"),
      transferEnv: fc.array(fc.record({ sourceContainerName: fc.constantFrom("main", "second"), envName: fc.constantFrom("TZ", "ODD") }), {
        maxLength: 2,
      }),
      hot: fc.boolean(),
      devices: fc.constantFrom("enabled", "disabled"),
      resourcesPolicy: maybe(
        fc.record({
          targetContainersMode: fc.constantFrom("sum", "max"),
          targetContainersNameRegex: fc.constantFrom(".*", "^main$"),
          resourcesExpr: fc.constantFrom(
            { requests: { cpu: "cpu * 0.3 + 10m" }, limits: { memory: "max(memory, 64Mi) / 3" } },
            { limits: { cpu: "100m" } },
          ),
        }),
      ),
    })
    .map(({ base, share, hot, devices, resourcesPolicy, ...rest }) => ({
      ...base,
      ...rest,
      ...(resourcesPolicy === undefined ? {} : { resourcesPolicy }),
      shareVolumePolicy: { type: share },
      shareVolumeDevicePolicy: { type: devices },
      ...(hot ? { upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } } : {}),
    }));
/** Validation keeps hot upgrades from sets that run as native sidecars. */
const isHot = (containers: readonly { readonly upgradeStrategy?: object }[]): boolean =>
  containers.some(({ upgradeStrategy }) => upgradeStrategy !== undefined);
const set = (name: string) =>
  fc
    .record({
      selector: fc.constantFrom<LabelSelector[]>(
        { matchLabels: { app: "web" } },
        { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["api"] }] },
      ),
      containers: unique(sidecar(name)),
      initContainers: unique(sidecar(`${name}-init`)),
      volumes,
      imagePullSecrets: unique(fc.record({ name: fc.constantFrom("p1", "p2") })),
      patchPodMetadata: fc.array(
        fc.oneof(
          fc.record({ annotations: fc.dictionary(key, word, { maxKeys: 1 }), patchPolicy: fc.constantFrom("Retain", "Overwrite") }),
          fc.record({ annotations: fc.dictionary(mergedKey, json, { maxKeys: 2 }), patchPolicy: fc.constant("MergePatchJson") }),
        ),
        { maxLength: 2 },
      ),
      native: fc.boolean(),
    })
    .map(
      ({ native, ...spec }): SidecarSet =>
        defaultSidecarSet({
          apiVersion: "apps.kruise.io/v1beta1",
          kind: "SidecarSet",
          metadata: { name, annotations: native && !isHot(spec.containers) ? { [RUN_AS_ANNOTATION]: "native-sidecar" } : {} },
          spec: spec as SidecarSet["spec"],
        }),
    );
const entries = fc.uniqueArray(fc.record({ name: key, value: word, override: fc.boolean() }), {
  selector: ({ name }) => name,
  maxLength: 2,
});
const podDefaults = (name: string) =>
  fc
    .record({
      selector: fc.constantFrom({}, { matchLabels: { tier: "web" } }),
      priority: fc.constantFrom(0, 1),
      labels: entries,
      annotations: entries,
      env: fc.uniqueArray(fc.record({ name: fc.constantFrom("TZ", "NEW"), value: word, override: fc.boolean() }), {
        selector: ({ name: one }) => one,
        maxLength: 2,
      }),
    })
    .map((spec): PodDefaults => ({ apiVersion: "outrigger.dev/v1alpha1", kind: "PodDefaults", metadata: { name }, spec }));
const template = fc.record({
  name: fc.constant("delay"),
  containers: unique(container(["network-delay-sidecar"])),
  initContainers: unique(container(["template-init"])),
  volumes,
  labels: map,
  annotations: map,
  env: unique(fc.record({ name: fc.constantFrom("TZ", "NEW"), value: word })),
  volumeMounts: mounts,
  securityContext: fc.constantFrom({}, { runAsUser: 1 }, { fsGroup: 5, seccompProfile: { type: "RuntimeDefault" } }),
});
const rules = fc
  .record({
    podDefaults: fc.tuple(podDefaults("one"), podDefaults("two")),
    sidecarSets: fc.tuple(set("alpha"), set("beta")),
    templates: fc.array(template, { maxLength: 1 }),
  })
  .map((sources): Rules => compileRules({ ...sources, templates: sources.templates as InjectionTemplate[] }));

const names = ["main", "second", "alpha-1", "beta-init-1", "network-delay-sidecar", "__proto__"];
const some = (...words: readonly string[]) => maybe(fc.subarray([...words]));
const records = fc.array(
  fc
    .record({
      rule: fc.constantFrom(
        "PodDefaults/one",
        "PodDefaults/two",
        "SidecarSet/alpha",
        "SidecarSet/beta",
        "Template/delay",
        "Template/none",
        "x",
      ),
      action: fc.constantFrom("applied", "unchanged", "skipped"),
      reason: fc.constantFrom("Matched", "AlreadyPresent", "Paused", "ClaimRejected"),
      containers: some(...names),
      labels: some("app", "tier", "a/b"),
      annotations: some("app", "tier", "a/b", INJECTION_ANNOTATION),
      env: some("TZ", "NEW"),
      mounts: some("/a", "/b"),
      securityContext: some("runAsUser", "fsGroup", "__proto__"),
      into: maybe(
        fc.dictionary(fc.constantFrom(...names), fc.record({ env: some("TZ", "NEW"), mounts: some("/a", "/b") }), { maxKeys: 2 }),
      ),
      replaced: maybe(fc.record({ labels: map, annotations: map })),
    })
    .map(present),
  { minLength: 1, maxLength: 4 },
);

/** What other webhooks, tools that copy pods and people do to a pod between two calls. */
const interventions = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom("labels", "annotations"), key, word).map(([field, name, value]) => (pod: Pod) => {
      Object.assign(pod.metadata, { [field]: { ...pod.metadata[field as "labels"], [name]: value } });
    }),
    fc.tuple(fc.constantFrom("labels", "annotations"), key).map(([field, name]) => (pod: Pod) => {
      delete pod.metadata[field as "labels"]?.[name];
    }),
    fc.constant((pod: Pod) => {
      Object.assign(pod.metadata, { annotations: {} });
    }),
    fc.constant((pod: Pod) => {
      delete pod.metadata.annotations?.[INJECTION_ANNOTATION];
    }),
    fc
      .tuple(fc.nat(5), fc.constantFrom("TZ", "NEW", "IS_INJECTED"), fc.constantFrom("web", "true"))
      .map(([at, name, value]) => (pod: Pod) => {
        const one = pod.spec.containers[at];
        if (one !== undefined) Object.assign(one, { env: [...(one.env ?? []), { name, value }] });
      }),
    fc.tuple(fc.nat(5), fc.constantFrom("/a", "/z"), fc.constantFrom("logs", "data")).map(([at, mountPath, name]) => (pod: Pod) => {
      const one = pod.spec.containers[at];
      if (one !== undefined && !one.volumeMounts?.some((mount) => mount.mountPath === mountPath))
        Object.assign(one, { volumeMounts: [...(one.volumeMounts ?? []), { name, mountPath }] });
    }),
    fc.constantFrom(undefined, {}, { runAsUser: 1 }, { fsGroup: 5 }, { fsGroup: 9 }).map((securityContext) => (pod: Pod) => {
      Object.assign(pod.spec, { securityContext });
      if (securityContext === undefined) delete pod.spec["securityContext"];
    }),
    fc.nat(5).map((at) => (pod: Pod) => {
      if (pod.spec.containers[at] !== undefined) Object.assign(pod.spec.containers[at], { command: ["sh"] });
    }),
    fc.constant((pod: Pod) => {
      Object.assign(pod.spec, { containers: [...pod.spec.containers, { name: "other-webhook", image: "other:1" }] });
    }),
  ),
  { maxLength: 4 },
);

const context: DecideContext = { namespace: "default", namespaceLabels: { "sidecar-injection": "enabled" }, now: "2026-01-02T03:04:05Z" };
const runs = { numRuns: 500 };
/** Those that decide four times a run. */
const fewer = { numRuns: 150 };

describe("whatever the pod and the rules", () => {
  test("the patch applied to the pod gives the intended pod, and the pod given is not written to", () => {
    fc.assert(
      fc.property(pods, rules, (pod, compiled) => {
        const given = freeze(structuredClone(pod));
        const decision = decide(given, compiled, context);
        expect(given).toEqual(pod);
        expect(applyJsonPatch(structuredClone(pod), decision.patch)).toEqual(decision.pod);
        if (decision.patch.length === 0) expect(decision.pod).toBe(given);
      }),
      runs,
    );
  });

  test("deciding again on the result changes nothing, at any later time", () => {
    fc.assert(
      fc.property(pods, rules, (pod, compiled) => {
        const once = decide(pod, compiled, context);
        const again = decide(structuredClone(once.pod), compiled, { ...context, now: "2027-07-07T07:07:07Z" });
        expect(again.patch).toEqual([]);
        expect(again.refusal === undefined || once.refusal !== undefined).toBe(true);
      }),
      runs,
    );
  });

  test("a pod with the record that the webhook wrote is never accused of a false claim", () => {
    fc.assert(
      fc.property(pods, rules, (pod, compiled) => {
        const { [INJECTION_ANNOTATION]: _, ...annotations } = pod.metadata.annotations ?? {};
        const made = decide({ ...pod, metadata: { ...pod.metadata, annotations } }, compiled, context);
        if (made.refusal !== undefined) return;
        const stored = structuredClone(made.pod);
        defaultObject(kinds().byKind("", "v1", "Pod")!, stored);
        expect(rejectedClaims(seenPod(structuredClone(stored) as never) as never)).toEqual([]);
        expect(explainPod(stored, compiled, context).filter(({ source }) => source === "claimed")).toEqual([]);
      }),
      fewer,
    );
  });

  test("whatever a pod claims about its injection, deciding twice changes nothing the second time", () => {
    fc.assert(
      fc.property(pods, rules, records, (pod, compiled, record) => {
        const annotations = { ...pod.metadata.annotations, [INJECTION_ANNOTATION]: JSON.stringify(record) };
        const forged = { ...pod, metadata: { ...pod.metadata, annotations } };
        const once = decide(forged, compiled, context);
        expect(applyJsonPatch(structuredClone(forged), once.patch)).toEqual(once.pod);
        expect(decide(structuredClone(once.pod), compiled, context).patch).toEqual([]);
      }),
      fewer,
    );
  });

  test("whatever others did to an injected pod, deciding twice changes nothing the second time", () => {
    fc.assert(
      fc.property(pods, rules, interventions, (pod, compiled, changes) => {
        const between = structuredClone(decide(pod, compiled, context).pod);
        for (const change of changes) change(between);
        const once = decide(between, compiled, context);
        expect(applyJsonPatch(structuredClone(between), once.patch)).toEqual(once.pod);
        const stored = structuredClone(once.pod);
        defaultObject(kinds().byKind("", "v1", "Pod")!, stored);
        expect(decide(stored, compiled, { ...context, now: "2027-07-07T07:07:07Z" }).patch).toEqual([]);
      }),
      fewer,
    );
  });

  test("defaults of the API server alone change nothing", () => {
    fc.assert(
      fc.property(pods, rules, (pod, compiled) => {
        const stored = structuredClone(decide(pod, compiled, context).pod);
        defaultObject(kinds().byKind("", "v1", "Pod")!, stored);
        expect(decide(stored, compiled, { ...context, now: "2027-07-07T07:07:07Z" }).patch).toEqual([]);
      }),
      fewer,
    );
  });

  test("a hot-upgrade pair has one container that works, which the pod's annotations name with its version", () => {
    fc.assert(
      fc.property(pods, set("alpha"), (pod, one) => {
        const { pod: injected, refusal } = decide(pod, compileRules({ sidecarSets: [one] }), context);
        const noted = injected.metadata.annotations ?? {};
        if (refusal !== undefined || noted["kruise.io/sidecarset-injected-list"] === undefined) return;
        const working = JSON.parse(noted[WORKING_HOT_UPGRADE_ANNOTATION] ?? "{}") as Record<string, string>;
        for (const { name, image, upgradeStrategy } of one.spec.containers ?? []) {
          if (upgradeStrategy?.upgradeType !== "HotUpgrade") continue;
          expect(working[name]).toBe(`${name}-1`);
          const images = injected.spec.containers.filter((container) => container.name.startsWith(`${name}-`)).map((found) => found.image);
          expect(images).toEqual([image, "empty:1"]);
          expect([1, 2].map((end) => noted[`version.sidecarset.kruise.io/${name}-${end}`])).toEqual(["1", "0"]);
          expect([1, 2].map((end) => noted[`versionalt.sidecarset.kruise.io/${name}-${end}`])).toEqual(["0", "1"]);
        }
      }),
      runs,
    );
  });

  test("every label and annotation that a pod has stays, unless a rule says override or Overwrite", () => {
    fc.assert(
      fc.property(pods, template, (pod, one) => {
        const decision = decide(pod, compileRules({ templates: [one as InjectionTemplate] }), context);
        expect(decision.pod.metadata.labels ?? {}).toMatchObject(pod.metadata.labels ?? {});
        expect(decision.pod.metadata.annotations ?? {}).toMatchObject(pod.metadata.annotations ?? {});
      }),
      runs,
    );
  });

  test("asking for a reason of every rule does not change the decision", () => {
    fc.assert(
      fc.property(pods, rules, (pod, compiled) => {
        expect(decide(pod, compiled, { ...context, everyRule: true }).patch).toEqual(decide(pod, compiled, context).patch);
      }),
      runs,
    );
  });
});

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(Object.freeze(value))) freeze(inner);
  return value;
}
