import { describe, expect, test } from "vitest";
import { type ScopeRule, selectorExpression, webhookScope } from "./scope.ts";

const rule = (name: string, more: Partial<ScopeRule> = {}): ScopeRule => ({ rule: `SidecarSet/${name}`, failurePolicy: "Fail", ...more });
const app = (value: string): Partial<ScopeRule> => ({ selector: { matchLabels: { app: value } } });

describe("the webhook's scope", () => {
  test("without rules there is no entry, so that no pod is sent", () => {
    expect(webhookScope([], ["kube-system"])).toEqual([]);
  });

  test("rules of one policy share an entry that lets through what any of them selects", () => {
    const [entry, ...others] = webhookScope([rule("b", app("b")), rule("a", app("a"))], ["kube-system"]);
    expect(others).toEqual([]);
    expect(entry?.name).toBe("fail.injection.outrigger.dev");
    expect(entry?.matchConditions[0]?.expression).toBe(
      "(has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] == 'a') || (has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] == 'b')",
    );
    expect(entry?.namespaceSelector.matchExpressions).toContainEqual({
      key: "kubernetes.io/metadata.name",
      operator: "NotIn",
      values: ["kube-system"],
    });
  });

  test("a selector for all rules narrows each entry, also where a rule asks for another value of the same label", () => {
    const within = { matchLabels: { stage: "production" }, matchExpressions: [{ key: "team", operator: "Exists" as const }] };
    const [entry] = webhookScope(
      [rule("a", { ...app("a"), namespaceSelector: { matchLabels: { stage: "test" } } })],
      ["kube-system"],
      within,
    );
    expect(entry?.namespaceSelector).toEqual({
      matchLabels: { stage: "test" },
      matchExpressions: [
        { key: "stage", operator: "In", values: ["production"] },
        { key: "team", operator: "Exists" },
        { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system"] },
        { key: "control-plane", operator: "DoesNotExist" },
      ],
    });
  });

  test("a rule for every pod leaves no condition", () => {
    const [entry] = webhookScope([rule("a", app("a")), rule("all", { selector: {} })], []);
    expect(entry?.matchConditions).toEqual([]);
    expect(entry?.narrow).toBe(true);
  });

  test("rules that may fail are kept apart from rules that must not", () => {
    const entries = webhookScope([rule("a", app("a")), rule("d", { failurePolicy: "Ignore" })], []);
    expect(entries.map(({ name, failurePolicy }) => [name, failurePolicy])).toEqual([
      ["fail.injection.outrigger.dev", "Fail"],
      ["ignore.injection.outrigger.dev", "Ignore"],
    ]);
  });

  test("each namespace selector has an entry of its own, until there are too many", () => {
    const inNamespaces = (value: string): ScopeRule => rule(value, { namespaceSelector: { matchLabels: { team: value } } });
    const few = webhookScope([inNamespaces("x"), inNamespaces("y"), rule("a", app("a"))], []);
    expect(few.map((entry) => entry.name)).toEqual([
      "fail.injection.outrigger.dev",
      "fail-2.injection.outrigger.dev",
      "fail-3.injection.outrigger.dev",
    ]);
    expect(few[1]?.namespaceSelector.matchLabels).toEqual({ team: "x" });
    const many = webhookScope(["x", "y", "z", "w"].map(inNamespaces), []);
    expect(many).toHaveLength(1);
    expect(many[0]).toMatchObject({ narrow: false, matchConditions: [] });
  });

  test("more than 32 different selectors widen the entry to every pod", () => {
    const rules = Array.from({ length: 33 }, (_, index) => rule(`s${index}`, app(`a${index}`)));
    expect(webhookScope(rules, [])[0]).toMatchObject({ narrow: false, matchConditions: [] });
    expect(webhookScope(rules.slice(1), [])[0]?.narrow).toBe(true);
  });

  test("a key that opts in is looked for among labels and annotations", () => {
    expect(webhookScope([rule("t", { podKey: "outrigger.dev/inject" })], [])[0]?.matchConditions[0]?.expression).toBe(
      "(has(object.metadata.labels) && 'outrigger.dev/inject' in object.metadata.labels || has(object.metadata.annotations) && 'outrigger.dev/inject' in object.metadata.annotations)",
    );
  });
});

test("each operator of a selector has its expression", () => {
  const of = (operator: string, values?: string[]) =>
    selectorExpression({ matchExpressions: [{ key: "k", operator, ...(values ? { values } : {}) }] });
  const present = "has(object.metadata.labels) && 'k' in object.metadata.labels";
  expect(of("In", ["a", "b"])).toBe(`(${present} && object.metadata.labels['k'] in ['a', 'b'])`);
  expect(of("NotIn", ["a"])).toBe(`(!(${present} && object.metadata.labels['k'] in ['a']))`);
  expect(of("Exists")).toBe(`(${present})`);
  expect(of("DoesNotExist")).toBe(`(!(${present}))`);
  expect(selectorExpression({})).toBeUndefined();
});
