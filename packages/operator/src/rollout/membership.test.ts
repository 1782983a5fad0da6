import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeenPod } from "../seen-pod/index.ts";
import { Membership } from "./membership.ts";

const pod = (name: string, labels: Record<string, string>): SeenPod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "n", uid: name, resourceVersion: "1", labels },
  spec: { containers: [] },
});
const set = (name: string, selector: object) => ({ metadata: { name }, spec: { selector } });

const label = fc.record({ app: fc.constantFrom("a", "b"), tier: fc.constantFrom("x", "y") }, { requiredKeys: [] }) as fc.Arbitrary<
  Record<string, string>
>;
const selector = fc.oneof(
  fc.constantFrom<object>(
    { matchLabels: { app: "a" } },
    { matchLabels: { app: "b", tier: "x" } },
    { matchExpressions: [{ key: "tier", operator: "Exists" }] },
  ),
  fc.constant({ matchExpressions: [{ key: "app", operator: "In", values: ["a", "b"] }] }),
);
const change = fc.oneof(
  fc.record({ pod: fc.constantFrom("p1", "p2", "p3"), labels: fc.option(label) }),
  fc.record({ set: fc.constantFrom("s1", "s2"), selector: fc.option(selector) }),
);

test("after any changes each set has the pods that its selector matches, and each pod's event names the sets that it concerns", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.boolean(), (changes, ask) => {
      const membership = new Membership();
      const pods = new Map<string, SeenPod>();
      const sets = new Map<string, object>();
      const expected = (name: string): string[] =>
        [...pods.values()]
          .filter(({ metadata }) => matches(sets.get(name)!, metadata.labels!))
          .map(({ metadata }) => `n/${metadata.name}`)
          .sort();
      for (const one of changes) {
        if ("pod" in one) {
          const before = pods.get(one.pod);
          const now = one.labels === null ? undefined : pod(one.pod, one.labels);
          if (before === undefined && now === undefined) continue;
          now === undefined ? pods.delete(one.pod) : pods.set(one.pod, now);
          const told = membership.podChanged(now, before);
          if (ask)
            for (const [name, selects] of sets)
              if ([now, before].some((state) => state !== undefined && matches(selects, state.metadata.labels!)))
                expect(told).toContain(name);
        } else {
          const before = sets.get(one.set);
          if (one.selector === null && before === undefined) continue;
          one.selector === null ? sets.delete(one.set) : sets.set(one.set, one.selector);
          membership.setChanged(one.selector === null ? undefined : set(one.set, one.selector), before && set(one.set, before));
        }
        if (ask) for (const name of sets.keys()) membership.podsOf(name, () => pods.values());
      }
      for (const name of sets.keys()) expect([...membership.podsOf(name, () => pods.values())].sort()).toEqual(expected(name));
    }),
    { numRuns: 500 },
  );
});

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}
function matches(given: object, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = given as Selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => key in labels && (values === undefined || values.includes(labels[key]!)))
  );
}

test("a set knows the pods that claim what it did not do, whatever their labels, also where it came after them", () => {
  const claiming: SeenPod = {
    ...pod("p", {}),
    metadata: {
      ...pod("p", {}).metadata,
      annotations: { "outrigger.dev/injection": '[{"rule":"SidecarSet/s","action":"skipped","reason":"ClaimRejected"}]' },
    },
  };
  const membership = new Membership();
  const claimants = (all: SeenPod[] = []): string[] => [...membership.claimantsOf("s", () => all)];
  expect([...membership.podChanged(claiming, undefined)]).toEqual([]);
  membership.setChanged(set("s", { matchLabels: { app: "a" } }), undefined);
  expect(claimants([claiming])).toEqual(["n/p"]);
  expect([...membership.podChanged(pod("p", {}), claiming)]).toEqual(["s"]);
  expect(claimants()).toEqual([]);
  expect([...membership.podChanged(claiming, pod("p", {}))]).toEqual(["s"]);
  expect(claimants()).toEqual(["n/p"]);
  expect([...membership.podChanged(undefined, claiming)]).toEqual(["s"]);
  expect(claimants()).toEqual([]);
});
