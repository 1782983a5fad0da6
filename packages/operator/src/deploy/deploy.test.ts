import { describe, expect, test } from "vitest";
import { allFeatures } from "../manager/index.ts";
import { Block, Each, Expression, evaluate, helmTemplate, truthy, value, when } from "../manifest-tree/index.ts";
import { allManifests, applyValues, installation, ValueError } from "./index.ts";

const values = { ...applyValues({}), appVersion: "1.2.3", namespace: "here" };
const objects = installation(allManifests(), values);

describe("an installation", () => {
  test("has the definition of each feature that is always on, and the webhooks' Service in it", () => {
    const features = allFeatures({ namespace: "here", excludedNamespaces: [], environment: {} }).filter(({ optional }) => !optional);
    const wanted = features.flatMap(({ definitions }) => definitions?.({ url: "https://x" }) ?? []).map(({ metadata }) => metadata.name);
    expect(objects.filter(({ kind }) => kind === "CustomResourceDefinition").map(({ metadata }) => metadata.name)).toEqual(wanted);
    expect(JSON.stringify(objects)).not.toContain("caBundle");
  });

  test("brings an optional feature's definitions and rights with its name", () => {
    const optional = allFeatures({ namespace: "", excludedNamespaces: [], environment: {} }).filter((feature) => feature.optional);
    for (const { name } of optional) {
      const more = installation(allManifests(), { ...values, features: [name] });
      expect(more.some(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === `outrigger-manager-${name}`)).toBe(true);
      expect(more.length).toBeGreaterThan(objects.length);
    }
  });

  test("names no wildcard anywhere in its rights, and no Secret without its name but to make one", () => {
    const roles = objects.filter(({ kind }) => kind === "ClusterRole" || kind === "Role") as unknown as { rules: Rule[] }[];
    const rules = roles.flatMap((role) => role.rules);
    expect(rules.length).toBeGreaterThan(5);
    for (const rule of rules) expect([rule.apiGroups, rule.resources, rule.verbs].flat()).not.toContain("*");
    const unnamed = rules.filter(({ resources = [], resourceNames }) => resources.includes("secrets") && !resourceNames);
    expect(unnamed.flatMap(({ verbs }) => verbs)).toEqual(["create"]);
  });

  test("puts everything that has a namespace into the one that is asked for", () => {
    expect(new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))).toEqual(new Set(["here"]));
  });
});

describe("values", () => {
  test("replace defaults one by one", () => {
    const applied = applyValues({ replicas: 3, image: { tag: "dev" } });
    expect(applied).toMatchObject({
      replicas: 3,
      image: { tag: "dev", repository: (applyValues({})["image"] as { repository: string }).repository },
    });
  });

  test.each([
    [{ replica: 3 }, /there is no value replica/],
    [{ image: { tga: "x" } }, /image\.tga: image\. has repository, tag/],
    [{ image: "x" }, /image is an object/],
    [{ replicas: 0 }, /replicas is 0: it must be at least 1/],
    [{ replicas: "two" }, /of type integer/],
    [{ logLevel: "loud" }, /one of debug, info, warn, error/],
    [{ image: { tag: "latest" } }, /image\.tag is "latest"/],
    [{ image: { digest: "sha256:1" } }, /must match/],
  ])("%j is refused with what there is", (given, message) => {
    expect(() => applyValues(given)).toThrow(ValueError);
    expect(() => applyValues(given)).toThrow(message);
  });
});

test("a tree says the same as a template of Helm and as an object", () => {
  const tree = {
    replicas: value("replicas"),
    note: "{{ not an action }}",
    some: when(truthy("on"), { a: 1 }),
    none: when(truthy("off"), { a: 1 }),
    labels: new Block(".Values.labels", ({ labels }) => labels),
    env: [new Each("env", (name, one) => ({ name, value: one })), { name: "LAST", value: new Expression(".x", () => "y") }],
  };
  expect(evaluate(tree, { replicas: 2, on: true, off: false, labels: {}, env: { A: 1 } })).toEqual({
    replicas: 2,
    note: "{{ not an action }}",
    some: { a: 1 },
    env: [
      { name: "A", value: "1" },
      { name: "LAST", value: "y" },
    ],
  });
  expect(helmTemplate(tree).split("\n")).toEqual([
    "replicas: {{ .Values.replicas }}",
    'note: "{{ "{{" }} not an action }}"',
    "{{- if .Values.on }}",
    "some:",
    "  a: 1",
    "{{- end }}",
    "{{- if .Values.off }}",
    "none:",
    "  a: 1",
    "{{- end }}",
    "{{- with .Values.labels }}",
    "labels:",
    "  {{- toYaml . | nindent 2 }}",
    "{{- end }}",
    "env:",
    "  {{- range $key, $value := .Values.env }}",
    "  - name: {{ $key | quote }}",
    "    value: {{ $value | quote }}",
    "  {{- end }}",
    "  - name: LAST",
    "    value: {{ .x }}",
    "",
  ]);
});

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
