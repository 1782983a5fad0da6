import { describe, expect, test } from "vitest";
import type { Pod } from "../pod/index.ts";
import {
  defaultSidecarSet,
  REVISION_SET_LABEL,
  revisionData,
  type SetRevision,
  type SidecarSet,
  type SidecarSetSpec,
} from "../sidecarset/index.ts";
import { compileRules, decide } from "./index.ts";

const selector = { matchLabels: { app: "web" } };
const set = (version: number, more: object = {}): SidecarSet =>
  defaultSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "base" },
    spec: { selector, customVersion: `v${version}`, containers: [{ name: "agent", image: `agent:${version}` }], ...more } as SidecarSetSpec,
  });
const revisions = [1, 2].map((version): SetRevision => {
  const { metadata, spec } = set(version);
  const labels = { [REVISION_SET_LABEL]: "base", "apps.kruise.io/sidecarset-custom-version": `v${version}` };
  const of = { name: `base-${version}`, labels, annotations: metadata.annotations ?? {} };
  return { apiVersion: "apps/v1", kind: "ControllerRevision", metadata: of, data: revisionData(spec), revision: version };
});
const pod = (labels: Record<string, string> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", labels: { app: "web", ...labels } },
  spec: { containers: [{ name: "main", image: "web:1" }] },
});
const context = { namespace: "default", namespaceLabels: {}, now: "2026-01-02T03:04:05Z" };
const pinned = (revision: object, updateStrategy: object = {}) =>
  compileRules({ sidecarSets: [set(2, { injectionStrategy: { revision }, updateStrategy })], revisions });
const image = (given: Pod, rules: ReturnType<typeof pinned>, draw?: number): string | undefined =>
  decide(given, rules, { ...context, ...(draw === undefined ? {} : { draw }) }).pod.spec.containers.find(({ name }) => name === "agent")
    ?.image;

describe("a pinned revision", () => {
  test("goes to every new pod, found by version or by name, with its hash and its name", () => {
    for (const revision of [{ customVersion: "v1" }, { revisionName: "base-1" }, { revisionName: "base-1", customVersion: "v2" }]) {
      const { pod: injected } = decide(pod(), pinned(revision), context);
      expect(injected.spec.containers[0]?.image).toBe("agent:1");
      const noted = JSON.parse(injected.metadata.annotations?.["kruise.io/sidecarset-hash"] ?? "{}") as Record<string, object>;
      expect(noted["base"]).toMatchObject({
        hash: revisions[0]!.metadata.annotations?.["kruise.io/sidecarset-hash"],
        controllerRevision: "base-1",
      });
    }
  });

  test.each([
    ["outside the update's selector it is certain", { selector: { matchLabels: { canary: "yes" } } }, {}, 0.99, "agent:1"],
    ["inside the selector the latest is certain", { selector: { matchLabels: { canary: "yes" } } }, { canary: "yes" }, 0, "agent:2"],
    ["a number as partition says nothing about one pod", { partition: 5 }, {}, 0, "agent:2"],
    ["below the partition", { partition: "30%" }, {}, 0.29, "agent:1"],
    ["from the partition on", { partition: "30%" }, {}, 0.3, "agent:2"],
    ["at 0% never", { partition: "0%" }, {}, 0, "agent:2"],
    ["at 100% always", { partition: "100%" }, {}, 0.999, "agent:1"],
    ["while updates are paused always", { paused: true, partition: "0%" }, {}, 0.99, "agent:1"],
  ])("under policy Partial, %s", (_what, updateStrategy, labels, draw, expected) => {
    expect(image(pod(labels), pinned({ customVersion: "v1", policy: "Partial" }, updateStrategy), draw)).toBe(expected);
  });

  test("stays with a pod that got it when the pod is decided on again", () => {
    const rules = pinned({ customVersion: "v1", policy: "Partial" }, { partition: "50%" });
    for (const draw of [0.1, 0.9]) {
      const once = decide(pod(), rules, { ...context, draw });
      expect(decide(once.pod, rules, { ...context, draw: 1 - draw, now: "2027-01-01T00:00:00Z" }).patch).toEqual([]);
    }
  });

  test("that is not there refuses the pod and says what to mend; paused injection needs none", () => {
    const { refusal, reasons } = decide(pod(), pinned({ customVersion: "v9" }), context);
    expect(refusal?.message).toContain('SidecarSet "base", which matches this pod, pins version "v9", which is not there');
    expect(reasons).toMatchObject([{ rule: "base", action: "refused", reason: "RevisionMissing" }]);
    const paused = set(2, { injectionStrategy: { paused: true, revision: { customVersion: "v9" } } });
    expect(decide(pod(), compileRules({ sidecarSets: [paused], revisions }), context).refusal).toBeUndefined();
  });
});
