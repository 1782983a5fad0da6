import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Candidate, type ChoiceInput, choosePods, POD_GONE } from "./choose.ts";
import type { PodEntry } from "./resource.ts";

const pod = (name: string, uid = `uid-${name}`): Candidate => ({ name, uid, address: "10.0.0.1" });
const pods = (...names: string[]): Candidate[] => names.map((name) => pod(name));
const entry = ({ name, uid }: Candidate, state = "Applied", reason?: string): PodEntry => ({
  name,
  uid,
  state,
  since: "2026-01-01T00:00:00Z",
  ...(reason ? { reason } : {}),
});
const gone = (one: Candidate): PodEntry => entry(one, "Recovered", POD_GONE);
const choose = (input: Partial<ChoiceInput>): string[] =>
  choosePods({ mode: "fixed", value: 2, candidates: [], before: [], of: 0, seed: "s", ...input }).chosen.map(({ name }) => name);

const five = pods("a", "b", "c", "d", "e");

describe("the choice of pods", () => {
  test("is of the size that the mode says", () => {
    expect(choose({ mode: "all", candidates: five })).toEqual(["a", "b", "c", "d", "e"]);
    expect(choose({ mode: "one", candidates: five })).toHaveLength(1);
    expect(choose({ mode: "fixed", value: 3, candidates: five })).toHaveLength(3);
    expect(choose({ mode: "fixed", value: 9, candidates: five })).toHaveLength(5);
    expect(choose({ mode: "percent", value: 50, candidates: five })).toHaveLength(2);
    expect(choose({ mode: "percent", value: 1, candidates: five })).toHaveLength(1);
    expect(choose({ mode: "percent", value: 100, candidates: five })).toHaveLength(5);
    expect(choose({ mode: "percent", value: 50, candidates: [] })).toHaveLength(0);
  });

  test("is another for another seed, and the same for the same in whatever order pods come", () => {
    const choices = new Set(Array.from({ length: 40 }, (_, seed) => choose({ candidates: five, seed: `${seed}` }).join()));
    expect(choices.size).toBeGreaterThan(5);
    fc.assert(
      fc.property(fc.shuffledSubarray(five, { minLength: 5 }), fc.string(), (shuffled, seed) => {
        expect(choose({ candidates: shuffled, seed })).toEqual(choose({ candidates: five, seed }));
      }),
    );
  });

  test("stays as it is when other pods come", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.string(), (value, seed) => {
        const first = choose({ value, candidates: five.slice(0, 4), seed });
        const before = five.filter(({ name }) => first.includes(name)).map((one) => entry(one));
        expect(choose({ value, candidates: [...five, ...pods("f", "g")], before, seed })).toEqual(first);
      }),
    );
  });

  test("is filled up when there were too few at first", () => {
    expect(choose({ candidates: pods("a", "b"), before: [entry(pod("a"))] })).toEqual(["a", "b"]);
  });

  test("does not move on to another pod when a chosen one is gone", () => {
    expect(choose({ candidates: pods("b", "c", "d"), before: [gone(pod("a")), entry(pod("b"))] })).toEqual(["b"]);
    expect(choose({ candidates: pods("c", "d"), before: [gone(pod("a")), gone(pod("b"))] })).toEqual([]);
  });

  test("follows a pod that comes back under its name, as a StatefulSet's does", () => {
    const again = pod("a", "another");
    const chosen = choosePods({
      mode: "fixed",
      value: 2,
      candidates: [again, ...pods("b", "c")],
      before: [gone(pod("a")), entry(pod("b"))],
      of: 3,
      seed: "s",
    });
    expect(chosen.chosen).toEqual([again, pod("b")]);
  });

  test("of a percentage grows with the pods and does not shrink with them", () => {
    const { chosen, of } = choosePods({ mode: "percent", value: 50, candidates: pods("a", "b", "c", "d"), before: [], of: 0, seed: "s" });
    expect(chosen).toHaveLength(2);
    expect(of).toBe(4);
    const before = chosen.map((one) => entry(one));
    expect(choose({ mode: "percent", value: 50, candidates: chosen, before, of })).toHaveLength(2);
    expect(choose({ mode: "percent", value: 50, candidates: pods("a", "b", "c", "d", "e", "f"), before, of })).toHaveLength(3);
  });

  test("shrinks when the spec asks for fewer", () => {
    expect(choose({ value: 1, candidates: five, before: [entry(pod("a")), entry(pod("b"))] })).toHaveLength(1);
  });
});
