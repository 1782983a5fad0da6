import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choose } from "./choose.ts";
import type { PodState } from "./pod-state.ts";
import type { RolloutStrategy } from "./rollout-set.ts";

const plain: RolloutStrategy = {
  notUpdate: false,
  paused: false,
  partition: 0,
  maxUnavailable: 1,
  weights: [],
  orderedKeys: [],
  scatter: [],
};

function pod(name: string, more: Partial<PodState> & { labels?: Record<string, string>; since?: string } = {}): PodState {
  const { labels = {}, since = "2026-01-01T00:00:00Z", ...state } = more;
  const ready = more.ready ?? true;
  return {
    key: `default/${name}`,
    updated: false,
    upgradable: true,
    settled: true,
    busy: false,
    ready,
    touched: false,
    selected: true,
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default", uid: name, resourceVersion: "1", labels },
      spec: { containers: [] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }] },
    },
    ...state,
  };
}
const names = (states: readonly PodState[]): string => states.map(({ pod: { metadata } }) => metadata.name).join(" ");
const why = (choice: ReturnType<typeof choose>): string =>
  choice.waiting.map(({ state, why: reason }) => `${state.pod.metadata.name}:${reason}`).join(" ");

describe("which pods are updated next", () => {
  test("one at a time, the one that became ready last first", () => {
    const pods = [pod("a", { since: "2026-01-01T00:01:00Z" }), pod("b", { since: "2026-01-01T00:02:00Z" }), pod("c", { updated: true })];
    const choice = choose(pods, plain);
    expect(names(choice.next)).toBe("b");
    expect(why(choice)).toBe("a:MaxUnavailable");
  });

  test("none while an updated pod is not ready, or not settled yet", () => {
    expect(names(choose([pod("a"), pod("b", { updated: true, ready: false })], plain).next)).toBe("");
    expect(names(choose([pod("a"), pod("b", { updated: true, settled: false })], plain).next)).toBe("");
  });

  test("a pod whose earlier update the kubelet has not done counts, and waits", () => {
    const choice = choose([pod("a"), pod("b", { touched: true, settled: false, busy: true })], { ...plain, maxUnavailable: 1 });
    expect(names(choice.next)).toBe("");
    expect(why(choice)).toBe("a:MaxUnavailable b:InProgress");
  });

  test("a pod that an earlier image broke is updated at once, and counts in the same round", () => {
    const choice = choose([pod("a"), pod("b", { touched: true, ready: false })], plain);
    expect(names(choice.next)).toBe("b");
    expect(why(choice)).toBe("a:MaxUnavailable");
  });

  test("a pod whose new image cannot be started is mended at once, though its kubelet goes on to call it ready", () => {
    expect(names(choose([pod("a"), pod("b", { touched: true, settled: false, busy: false })], plain).next)).toBe("b");
  });

  test("pods that are not ready cost nothing, also under maxUnavailable 0, and do not wait behind ready ones", () => {
    const first = { weights: [{ weight: 9, matches: (labels: Readonly<Record<string, string>>) => labels["g"] === "a" }] };
    const pods = [pod("a", { labels: { g: "a" } }), pod("b", { ready: false })];
    expect(names(choose(pods, { ...plain, ...first, maxUnavailable: 0 }).next)).toBe("b");
    expect(names(choose(pods, { ...plain, ...first }).next)).toBe("b a");
  });

  test.each([
    [0, 4, 4],
    [3, 4, 1],
    [9, 4, 0],
    ["50%", 3, 1],
    ["99%", 1, 1],
    ["99%", 4, 1],
    ["100%", 4, 0],
    ["150%", 4, 0],
  ] as const)("partition %s of %i pods lets %i be updated", (partition, total, updated) => {
    const pods = Array.from({ length: total }, (_, index) => pod(`p${index}`));
    expect(choose(pods, { ...plain, partition, maxUnavailable: "100%" }).next).toHaveLength(updated);
  });

  test("paused, NotUpdate, selector and upgradability each have their reason", () => {
    const pods = [pod("a"), pod("b", { selected: false }), pod("c", { upgradable: false })];
    expect(why(choose(pods, { ...plain, paused: true }))).toBe("a:Paused b:NotSelected c:NotUpgradable");
    expect(why(choose(pods, { ...plain, notUpdate: true }))).toBe("a:NotUpdate b:NotSelected c:NotUpgradable");
    expect(why(choose(pods, { ...plain, partition: 1 }))).toBe("a:Partition b:NotSelected c:NotUpgradable");
  });
});

const anyPod = fc.record({
  updated: fc.boolean(),
  upgradable: fc.boolean(),
  settled: fc.boolean(),
  busy: fc.boolean(),
  ready: fc.boolean(),
  touched: fc.boolean(),
  selected: fc.boolean(),
  minute: fc.integer({ min: 0, max: 5 }),
  labels: fc.record({ zone: fc.constantFrom("a", "b", "c"), n: fc.constantFrom("x-1", "x-2", "y") }, { requiredKeys: [] }),
});
const anyStrategy = fc.record({
  partition: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom("0%", "1%", "50%", "99%", "100%", "130%")),
  maxUnavailable: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom("0%", "1%", "30%", "100%")),
  paused: fc.boolean(),
  notUpdate: fc.boolean(),
  orderedKeys: fc.constantFrom([], ["n"]),
  scatter: fc.constantFrom([], [{ key: "zone", value: "*" }], [{ key: "zone", value: "a" }]),
});

/** What a count or percentage means, in plain words. */
function amount(value: number | string, total: number): number {
  return typeof value === "number" ? value : Math.ceil((Number(value.slice(0, -1)) / 100) * total);
}

test("the choice keeps to a plain model, whatever the pods and the strategy", () => {
  fc.assert(
    fc.property(fc.array(anyPod, { maxLength: 14 }), anyStrategy, (drawn, strategy) => {
      const pods = drawn.map(({ minute, labels, ...state }, index) =>
        pod(`p${index}`, {
          ...state,
          busy: state.busy && !state.settled,
          labels: labels as Record<string, string>,
          since: `2026-01-01T00:0${minute}:00Z`,
        }),
      );
      const { next, waiting } = choose(pods, { ...plain, ...strategy });
      const behind = pods.filter(({ updated }) => !updated);
      // Everybody who is behind is chosen or waits, once.
      expect([...next, ...waiting.map(({ state }) => state)].map(({ key }) => key).sort()).toEqual(behind.map(({ key }) => key).sort());
      if (strategy.paused || strategy.notUpdate) {
        expect(next).toEqual([]);
        return;
      }

      const candidates = behind.filter(({ selected, upgradable }) => selected && upgradable);
      const percent = typeof strategy.partition === "string" ? Number(strategy.partition.slice(0, -1)) : undefined;
      let partition = Math.min(amount(strategy.partition, pods.length), pods.length);
      if (percent !== undefined && percent < 100 && partition === pods.length) partition = Math.max(0, partition - 1);
      const turn = Math.max(0, candidates.length - partition);
      const kept = waiting.filter(({ why: reason }) => reason === "Partition").length;
      expect(kept).toBe(candidates.length - turn);
      for (const state of next) expect(candidates).toContain(state);

      // The pods that are down by our doing stay within the budget, unless they are beyond it already.
      const isDown = (state: PodState): boolean =>
        state.updated ? !state.settled || !state.ready : state.touched && (!state.settled || (next.includes(state) && !state.ready));
      const down = pods.filter(isDown).length;
      const budget = amount(strategy.maxUnavailable, pods.length);
      const readyNext = next.filter(({ ready, touched, settled }) => ready && !(touched && !settled));
      if (readyNext.length > 0) expect(down + readyNext.length).toBeLessThanOrEqual(Math.max(budget, 0));
      // Nobody waits for a budget that is left, and nobody waits who costs none.
      for (const { state, why: reason } of waiting) {
        if (reason === "MaxUnavailable") {
          expect(state.ready && !(state.touched && !state.settled)).toBe(true);
          expect(down + readyNext.length).toBeGreaterThanOrEqual(budget);
        }
        if (reason === "InProgress") expect(state.busy).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
