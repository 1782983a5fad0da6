// What a file costs grows with its length, whatever its form: measured beside one reading of the same text by `yaml`.
import { compileRules, parseTemplate } from "@outrigger/operator";
import { describe, expect, test, vi } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { unifiedDiff } from "./diff.ts";
import { injectText, uninjectText } from "./text.ts";

// A busy machine takes long for it; the ratios stay.
vi.setConfig({ testTimeout: 120_000 });
const PODS = 250;
const rules = compileRules({
  templates: [parseTemplate("proxy", 'containers: [{name: proxy, image: "proxy:1"}]\nenv: [{name: P, value: "on"}]')],
});
const injection = {
  rules,
  namespaces: { byDefault: "default", labels: () => ({ "sidecar-injection": "enabled" }) },
  now: "2026-01-02T03:04:05Z",
  everyRule: false,
};
const items = Array.from({ length: PODS }, (_, index) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `web-${index}`, labels: { app: "web" }, annotations: { note: `the ${index}th "pod"` } },
  spec: {
    containers: ["a", "b"].map((name) => ({ name, image: `web:${index}`, args: ["--x", "y"], env: [{ name: "A", value: "1" }] })),
    volumes: [{ name: "data", emptyDir: {} }],
  },
}));
const list = { apiVersion: "v1", kind: "List", items };

/** Seconds of this process's CPU. */
function cpu<T>(work: () => T): { readonly seconds: number; readonly result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, result };
}

describe.each([
  ["JSON on one line", JSON.stringify(list)],
  ["JSON as kubectl prints it", JSON.stringify(list, null, 4)],
  ["a List", stringify(list)],
  ["documents", items.map((item) => stringify(item)).join("---\n")],
])("%s of 250 pods", (_, text) => {
  test("is injected for less than six readings of the text, shown as a diff for less than two, and taken back for less than one", () => {
    const reading = cpu(() => parseAllDocuments(text).map((document) => document.toJS() as unknown)).seconds;
    const { result: once, seconds: injecting } = cpu(() => injectText("f", text, injection).text);
    expect(once.split("proxy:1").length - 1).toBeGreaterThanOrEqual(PODS);
    const diff = cpu(() => unifiedDiff("f", text, once));
    const back = cpu(() => uninjectText("f", once).text);
    expect(back.result).toBe(text);
    const ratios = { inject: injecting / reading, diff: diff.seconds / reading, uninject: back.seconds / reading };
    expect(ratios.inject, JSON.stringify(ratios)).toBeLessThan(6);
    expect(ratios.diff, JSON.stringify(ratios)).toBeLessThan(2);
    expect(ratios.uninject, JSON.stringify(ratios)).toBeLessThan(1);
  });
});

test.each([
  [
    "a key twice",
    '{"apiVersion": "v1",\n "kind": "Pod", "kind": "Pod", "spec": {"containers": []}}',
    "f: Map keys must be unique at line 2",
  ],
  ["10 000 levels", `{"containers": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`, "nested deeper than 1000 levels at line 1"],
])("JSON with %s is a mistake at its line", (_, text, message) => {
  expect(() => injectText("f", text, injection)).toThrow(message);
});

test("a diff of more edits than are looked for still makes one text into the other", () => {
  const before = `${Array.from({ length: 3000 }, (_, index) => `a${index % 7}`).join("\n")}\n`;
  const after = `${Array.from({ length: 3000 }, (_, index) => `b${index % 5}`).join("\n")}\n`;
  const diff = unifiedDiff("f", before, after);
  expect(diff.match(/^-a/gm)).toHaveLength(3000);
  expect(diff.match(/^\+b/gm)).toHaveLength(3000);
});
