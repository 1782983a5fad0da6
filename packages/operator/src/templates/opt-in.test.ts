import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import { WITH_ISTIO_OPT_IN } from "./index.ts";
import cases from "./opt-in.data.json" with { type: "json" };

const templates = [
  { name: "proxy", labels: { proxy: "1" } },
  { name: "audit", labels: { audit: "1" } },
  { name: "proxy-2", byName: true, labels: { "proxy-2": "1" } },
];
const rules = compileRules({ templates }, { optIn: WITH_ISTIO_OPT_IN, ownNamespace: "outrigger-system" });
const map = (...entries: (readonly [string, string | null])[]): Record<string, string> =>
  Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));

describe("which templates act on a pod", () => {
  test.each(
    cases.map((row) => [JSON.stringify(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))), row] as const),
  )("%s", (_title, row) => {
    const { other } = row;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "p",
        labels: map(["outrigger.dev/inject", row["pod label"]], ["sidecar.istio.io/inject", row["istio pod label"]]),
        annotations: map(["outrigger.dev/inject", row["pod annotation"]], ["sidecar.istio.io/inject", row["istio pod annotation"]]),
      },
      spec: { containers: [{ name: "main", image: "a" }], ...(other === "hostNetwork" ? { hostNetwork: true } : {}) },
    };
    const namespaceLabels = map(
      ["sidecar-injection", row.namespace],
      ["istio-injection", row["istio namespace"]],
      ["control-plane", other === "namespace label control-plane" ? "manager" : null],
    );
    const namespace = other === "namespace kube-system" ? "kube-system" : other === "the manager's namespace" ? "outrigger-system" : "shop";
    const operation = other === "UPDATE" || other === "DELETE" ? other : "CREATE";
    const decision = decide(pod, rules, { namespace, namespaceLabels, operation, now: "2026-01-02T03:04:05Z", everyRule: true });
    const acted = decision.reasons.filter(({ action }) => action === "applied").map(({ rule }) => rule);
    expect(acted).toEqual(row.acts);
    const reasons = new Set(decision.reasons.map(({ reason }) => reason));
    expect([...reasons]).toContain(row.reason);
    if (row.acts.length === 0) expect(reasons.size).toBe(1);
    else expect([...reasons].every((reason) => reason === "Matched" || reason === "NotNamed")).toBe(true);
  });

  test.each(["docs/guide/templates.md", "docs/zh/guide/templates.md"])("is said by the table in %s, row by row", (file) => {
    const lines = readFileSync(new URL(`../../../../${file}`, import.meta.url), "utf8").split("\n");
    const cell = (value: string | null): string =>
      value === null ? "" : value !== "" && value.trim() === value ? `\`${value}\`` : `\`${JSON.stringify(value)}\``;
    for (const row of cases) {
      const places = [
        row["pod label"],
        row["pod annotation"],
        row["istio pod label"],
        row["istio pod annotation"],
        row.namespace,
        row["istio namespace"],
      ];
      const acts = row.acts.length === 0 ? "-" : row.acts.join(", ");
      expect(lines).toContain(`| ${[...places.map(cell), row.other ?? "", acts, row.reason].join(" | ")} |`);
    }
    expect(lines.filter((line) => line.startsWith("|")).length).toBeGreaterThanOrEqual(cases.length);
  });
});
