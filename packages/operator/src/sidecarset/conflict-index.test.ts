import fc from "fast-check";
import { expect, test } from "vitest";
import { ConflictIndex } from "./conflict-index.ts";
import { clashes } from "./conflicts.ts";
import type { SidecarSet } from "./set.ts";

const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
const selector = fc.record({
  matchLabels: fc.option(fc.dictionary(word("app", "tier"), word("a", "b"), { maxKeys: 2 }), { nil: undefined }),
  matchExpressions: fc.option(
    fc.array(fc.record({ key: word("app", "tier"), operator: word("In", "NotIn"), values: fc.constant(["a"]) }), { maxLength: 1 }),
    { nil: undefined },
  ),
});
const spec = fc.record({
  selector: fc.option(selector, { nil: undefined }),
  containers: fc.array(fc.record({ name: word("log", "proxy", "agent") }), { maxLength: 2 }),
  volumes: fc.array(fc.record({ name: word("data", "conf"), emptyDir: fc.record({ medium: word("", "Memory") }) }), { maxLength: 1 }),
  patchPodMetadata: fc.array(
    fc.record({ annotations: fc.dictionary(word("x", "y"), fc.constant("1"), { maxKeys: 1 }), patchPolicy: word("Retain", "Overwrite") }),
    { maxLength: 1 },
  ),
});
const change = fc.record({ name: word("s0", "s1", "s2", "s3", "s4"), spec: fc.option(spec, { nil: undefined }) });

const setOf = (name: string, one: unknown): SidecarSet => ({ metadata: { name }, spec: one }) as unknown as SidecarSet;

test("the neighbours of a set have all the clashes that all sets have, after any changes", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
      const index = new ConflictIndex();
      const sets = new Map<string, SidecarSet>();
      for (const { name, spec: one } of changes) {
        const now = one === undefined ? undefined : setOf(name, one);
        index.set(name, now);
        if (now === undefined) sets.delete(name);
        else sets.set(name, now);
      }
      for (const set of sets.values()) {
        const all = clashes(set, [...sets.values()]);
        found += all.length;
        expect(clashes(set, index.neighbours(set))).toEqual(all);
      }
    }),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(100);
});

test("10,000 sets with one container name and a label each have no neighbours", () => {
  const index = new ConflictIndex();
  const sets = Array.from({ length: 10_000 }, (_, at) =>
    setOf(`s${at}`, { selector: { matchLabels: { app: `app-${at}`, team: "a" } }, containers: [{ name: "log" }] }),
  );
  for (const set of sets) index.set(set.metadata.name ?? "", set);
  expect(sets.reduce((sum, set) => sum + index.neighbours(set).length, 0)).toBe(0);
  const late = setOf("late", { selector: { matchLabels: { app: "app-7" } }, containers: [{ name: "log" }] });
  expect(index.neighbours(late).map(({ metadata }) => metadata.name)).toEqual(["s7"]);
  for (const set of sets) index.set(set.metadata.name ?? "", undefined);
  expect(index.neighbours(late)).toEqual([]);
});
