import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAnswer, AdmissionRequest } from "@outrigger/kit/webhook";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileRules } from "../pipeline/index.ts";
import { defaultSidecarSet, HASH_ANNOTATION, type SidecarSet } from "../sidecarset/index.ts";
import { mutatePod, mutateSidecarSet, validateSidecarSet } from "./index.ts";

const spec = { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "agent:1" }] };
const set = (name: string, more: object = {}, apiVersion = "apps.kruise.io/v1beta1"): KubeObject => ({
  apiVersion,
  kind: "SidecarSet",
  metadata: { name },
  spec: { ...spec, ...more },
});
const review = (object: KubeObject, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: "1",
  kind: { group: "", version: "v1", kind: object.kind },
  resource: { group: "", version: "v1", resource: "" },
  operation: "CREATE",
  object,
  ...more,
});
const patched = (object: KubeObject, answer: AdmissionAnswer): KubeObject => {
  if (!answer.allowed) throw new Error(answer.status.message);
  return applyJsonPatch(object, answer.patch ?? []) as KubeObject;
};

describe("a review of a pod", () => {
  const rules = compileRules({ sidecarSets: [defaultSidecarSet(set("base") as SidecarSet)] });
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "web-", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "web:1" }] },
  };
  const surroundings = { namespaceLabels: {}, now: new Date("2026-01-02T03:04:05.678Z") };

  test("is answered with the edits, and with why in the audit log", () => {
    const answer = mutatePod(review(pod, { namespace: "shop" }), rules, surroundings);
    expect(answer).toMatchObject({ allowed: true, auditAnnotations: { decision: "SidecarSet/base applied (Matched)" } });
    const result = patched(pod, answer);
    expect((result["spec"] as { containers: { name: string }[] }).containers.map(({ name }) => name)).toEqual(["agent", "main"]);
    expect(result.metadata.annotations?.[HASH_ANNOTATION]).toContain('"updateTimestamp":"2026-01-02T03:04:05Z"');
  });

  test("takes the namespace from the request", () => {
    expect(mutatePod(review(pod, { namespace: "kube-system" }), rules, surroundings)).toEqual({ allowed: true });
  });

  test("refuses a clash of names with 422 and the field", () => {
    const clashing = { ...pod, spec: { containers: [{ name: "agent", image: "web:1" }] } };
    const answer = mutatePod(review(clashing, { namespace: "shop" }), rules, surroundings);
    expect(answer).toMatchObject({
      allowed: false,
      status: { code: 422, reason: "Invalid", details: { causes: [{ field: "spec.containers[0].name" }] } },
    });
  });

  test("says of kruise's launch priorities that they have no effect", () => {
    const warnings = (object: KubeObject): unknown => mutatePod(review(object), rules, surroundings).warnings;
    const asking = { ...pod, metadata: { ...pod.metadata, annotations: { "apps.kruise.io/container-launch-priority": "Ordered" } } };
    expect(warnings(asking)).toEqual([
      "annotation apps.kruise.io/container-launch-priority has no effect: containers start without priorities",
    ]);
    const spec = pod["spec"] as { containers: { name: string }[] };
    const [container] = spec.containers;
    const env = [{ name: "KRUISE_CONTAINER_PRIORITY", value: "1" }];
    expect(warnings({ ...pod, spec: { ...spec, containers: [{ ...container, env }] } } as KubeObject)).toEqual([
      `container ${container!.name}: KRUISE_CONTAINER_PRIORITY has no effect: containers start without priorities`,
    ]);
    expect(warnings(pod)).toBeUndefined();
  });

  test.each([
    ["an update", review(pod, { operation: "UPDATE" })],
    ["a subresource", review(pod, { subResource: "status" })],
    ["a deletion", review(pod, { operation: "DELETE", object: null })],
    ["something that is no pod", review({ apiVersion: "v1", kind: "Pod", metadata: {} })],
    ["a pod without containers", review({ ...pod, spec: { containers: null } })],
  ])("lets %s pass as it is", (_what, request) => {
    expect(mutatePod(request, rules, surroundings)).toEqual({ allowed: true });
  });
});

describe("a review of a SidecarSet", () => {
  test("fills in defaults and hashes, in the version that was sent", () => {
    const sent = set("base", { namespace: "shop" }, "apps.kruise.io/v1alpha1");
    const result = patched(sent, mutateSidecarSet(review(sent)));
    expect(result.apiVersion).toBe("apps.kruise.io/v1alpha1");
    expect(result.metadata.annotations?.[HASH_ANNOTATION]).toMatch(/^[a-z0-9]{64}$/);
    expect(result["spec"]).toMatchObject({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } },
      containers: [{ podInjectPolicy: "BeforeAppContainer" }],
    });
    expect(mutateSidecarSet(review(result))).toEqual({ allowed: true });
  });

  test("refuses what is wrong with the field's path", () => {
    const answer = validateSidecarSet(review(JSON.parse(JSON.stringify(set("base", { selector: undefined })))), { others: [] });
    expect(answer).toMatchObject({
      allowed: false,
      status: { code: 422, details: { causes: [{ reason: "FieldValueRequired", field: "spec.selector" }] } },
    });
  });

  test("refuses a set that clashes with another that can match the same pods", () => {
    const others = [set("other") as SidecarSet];
    expect(validateSidecarSet(review(set("base")), { others })).toMatchObject({
      allowed: false,
      status: { details: { causes: [{ field: "spec.containers[0].name" }] } },
    });
    expect(validateSidecarSet(review(set("base", { selector: { matchLabels: { app: "api" } } })), { others })).toEqual({ allowed: true });
    expect(validateSidecarSet(review(set("other")), { others }), "a set does not clash with itself").toEqual({ allowed: true });
  });

  test("lets a set that is being deleted lose its finalizers, whatever is wrong with it", () => {
    const going = set("base", { selector: {} });
    going.metadata.deletionTimestamp = "2026-01-02T03:04:05Z";
    expect(validateSidecarSet(review(going, { operation: "UPDATE" }), { others: [] })).toEqual({ allowed: true });
  });

  test("takes what kruise takes, and warns of it in the answer", () => {
    const none = set("base", { updateStrategy: { maxUnavailable: 0 } });
    expect(validateSidecarSet(review(none), { others: [] })).toEqual({
      allowed: true,
      warnings: ["spec.updateStrategy.maxUnavailable: 0: only pods that are not ready are updated; ready ones never"],
    });
  });

  test("refuses a pin to a revision that is not there", () => {
    const pinned = set("base", { injectionStrategy: { revision: { revisionName: "base-1" } } });
    expect(validateSidecarSet(review(pinned), { others: [], revisionFound: false })).toMatchObject({
      allowed: false,
      status: { details: { causes: [{ reason: "FieldValueNotFound", field: "spec.injectionStrategy.revision.revisionName" }] } },
    });
    expect(validateSidecarSet(review(pinned), { others: [], revisionFound: true })).toEqual({ allowed: true });
  });

  test("of wrong types is left to the API server's own judgement, with its path", () => {
    const wrong = set("wrong", { containers: [{ name: "a", image: true }] });
    expect(mutateSidecarSet(review(wrong))).toEqual({ allowed: true });
    expect(validateSidecarSet(review(wrong), { others: [] })).toMatchObject({
      allowed: false,
      status: { details: { causes: [{ field: "spec.containers[0].image" }] } },
    });
  });

  test("survives whatever stands in it", () => {
    const anything = fc.oneof(fc.jsonValue(), fc.constant(null));
    const perhaps = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: anything });
    const container = fc.record(
      {
        name: perhaps(fc.constantFrom("a", "b")),
        image: perhaps(fc.constant("a:1")),
        env: perhaps(fc.array(fc.record({ name: perhaps(fc.constant("A")), valueFrom: anything }))),
        resources: perhaps(fc.record({ limits: perhaps(fc.record({ cpu: perhaps(fc.constantFrom("1", 1, "x", "-1")) })) })),
        livenessProbe: perhaps(fc.record({ grpc: perhaps(fc.record({ port: perhaps(fc.constant(1)) })) })),
        upgradeStrategy: perhaps(fc.record({ upgradeType: perhaps(fc.constant("HotUpgrade")) })),
        transferEnv: perhaps(fc.array(fc.record({ sourceContainerNameFrom: perhaps(fc.record({ fieldRef: anything })) }))),
        resourcesPolicy: perhaps(
          fc.record({
            targetContainersNameRegex: perhaps(fc.constantFrom("(", ".*")),
            resourcesExpr: perhaps(fc.record({ limits: perhaps(fc.record({ cpu: perhaps(fc.constantFrom("cpu*", "cpu")) })) })),
          }),
        ),
      },
      { requiredKeys: [] },
    );
    const whole = fc.record(
      {
        selector: perhaps(
          fc.record(
            { matchLabels: perhaps(fc.record({ app: perhaps(fc.constant("web")) })), matchExpressions: anything },
            { requiredKeys: [] },
          ),
        ),
        namespaceSelector: anything,
        containers: perhaps(fc.array(container)),
        initContainers: perhaps(fc.array(container)),
        volumes: perhaps(fc.array(fc.record({ name: perhaps(fc.constant("v")), emptyDir: anything }))),
        updateStrategy: perhaps(
          fc.record(
            { partition: anything, maxUnavailable: anything, priorityStrategy: anything, scatterStrategy: anything },
            { requiredKeys: [] },
          ),
        ),
        patchPodMetadata: perhaps(fc.array(fc.record({ annotations: anything, patchPolicy: anything }))),
        injectionStrategy: anything,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(perhaps(whole), fc.constantFrom("v1alpha1", "v1beta1"), (body, version) => {
        const sent = {
          apiVersion: `apps.kruise.io/${version}`,
          kind: "SidecarSet",
          metadata: { name: "base" },
          spec: body,
        } as unknown as KubeObject;
        const mutated = patched(sent, mutateSidecarSet(review(sent)));
        const judged = validateSidecarSet(review(mutated), {
          others: [set("other") as SidecarSet],
          whitelist: '{"rules":[{"allowedAnnotationKeyExprs":[".*"]}]}',
        });
        if (judged.allowed) expect(() => compileRules({ sidecarSets: [mutated as SidecarSet] })).not.toThrow();
        else expect(judged.status.code).toBe(422);
      }),
      { numRuns: 1000 },
    );
  });

  test("survives a set without a spec", () => {
    const bare = { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name: "bare" } };
    expect(mutateSidecarSet(review(bare)).allowed).toBe(true);
    expect(validateSidecarSet(review(bare), { others: [] }).allowed).toBe(false);
  });
});

test("whatever stands in a pod, it is answered", () => {
  const rules = compileRules(
    {
      sidecarSets: [
        defaultSidecarSet(
          set("base", {
            containers: [
              {
                name: "agent",
                image: "a:1",
                shareVolumePolicy: { type: "enabled" },
                transferEnv: [{ sourceContainerName: "main", envName: "TZ" }],
              },
            ],
          }) as SidecarSet,
        ),
      ],
      podDefaults: [
        {
          apiVersion: "outrigger.dev/v1alpha1",
          kind: "PodDefaults",
          metadata: { name: "d" },
          spec: { labels: [{ name: "l", valueFrom: { fieldPath: "spec.x.y" } }], env: [{ name: "E", value: "1" }] },
        },
      ],
      templates: [
        { name: "t", containers: [{ name: "c" }], env: [{ name: "T", value: "1" }], volumeMounts: [{ name: "v", mountPath: "/v" }] },
      ],
    },
    {},
  );
  const anything = fc.oneof(fc.jsonValue(), fc.constant(null));
  const perhaps = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: anything });
  const named = fc.record({
    name: perhaps(fc.constantFrom("main", "agent", "c", "__proto__")),
    mountPath: fc.constant("/v"),
    value: perhaps(fc.string()),
    env: perhaps(fc.array(fc.record({ name: fc.constantFrom("TZ", "IS_INJECTED"), value: perhaps(fc.constant("true")) }))),
    volumeMounts: perhaps(fc.array(fc.record({ name: fc.constant("v"), mountPath: perhaps(fc.constant("/v")) }))),
  });
  const records = fc.constantFrom(
    "[]",
    '[{"rule":"Template/t","action":"applied","containers":7,"env":{"length":2}}]',
    '[{"rule":"PodDefaults/d","action":"applied","replaced":3,"labels":["app"]}]',
    "{",
    '[null,{"rule":1}]',
  );
  const hashes = fc.constantFrom(
    "{}",
    '{"base":{"sidecarList":9}}',
    '{"base":null}',
    '{"__proto__":{"hash":1}}',
    "[]",
    '{"base":"legacy"}',
  );
  const pod = fc.record({
    metadata: perhaps(
      fc.record({
        labels: perhaps(fc.record({ app: perhaps(fc.constant("web")) })),
        annotations: perhaps(
          fc.record(
            { "outrigger.dev/injection": perhaps(records), [HASH_ANNOTATION]: perhaps(hashes), "outrigger.dev/inject": fc.constant("yes") },
            { requiredKeys: [] },
          ),
        ),
      }),
    ),
    spec: perhaps(
      fc.record({
        containers: perhaps(fc.array(named)),
        initContainers: perhaps(fc.array(named)),
        volumes: perhaps(fc.array(named)),
        imagePullSecrets: perhaps(fc.array(named)),
        securityContext: anything,
      }),
    ),
  });
  fc.assert(
    fc.property(pod, (object) => {
      const sent = { apiVersion: "v1", kind: "Pod", ...object } as unknown as KubeObject;
      const answer = mutatePod(review(sent, { namespace: "shop" }), rules, { namespaceLabels: {}, now: new Date(0) });
      if (answer.allowed) applyJsonPatch(sent, answer.patch ?? []);
      else expect(answer.status.code).toBe(422);
    }),
    { numRuns: 3000 },
  );
});
