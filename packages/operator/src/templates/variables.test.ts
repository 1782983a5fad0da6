import { describe, expect, test } from "vitest";
import { compileRules, type Decision, decide } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import { parseTemplate, TemplateError } from "./index.ts";

const text = `variables: [POD_NAME, POD_NAMESPACE, POD_LABEL, NAMESPACE_LABEL, POD_ANNOTATION, POD_SERVICE_ACCOUNT]
containers:
  - name: proxy
    image: registry.local/\${NAMESPACE_LABEL[region]:-west}/proxy:3
    args: ["\${POD_NAME:-unknown} \${POD_NAMESPACE} \${POD_SERVICE_ACCOUNT}", "\${HOME} $\${POD_NAME}", "\${POD_ANNOTATION[a/b]:-}"]
    env: [{name: APP, value: "\${POD_LABEL[app]}"}]
labels: {team: "\${POD_LABEL[app]}"}
`;
const pod = (metadata: object = {}): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { app: "web" }, ...metadata },
    spec: { containers: [{ name: "main", image: "a" }] },
  }) as Pod;
const argsOf = ({ pod }: Decision): readonly string[] => (pod.spec.containers[1]?.["args"] ?? []) as readonly string[];
const rules = compileRules({ templates: [parseTemplate("t", text)] });
const context = { namespace: "shop", namespaceLabels: { "sidecar-injection": "enabled", region: "east" }, now: "2026-01-02T03:04:05Z" };

describe("variables of a template", () => {
  test("have the values of the pod and its namespace; others stay as they are", () => {
    const decision = decide(pod(), rules, context);
    expect(decision.pod.spec.containers[1]).toEqual({
      name: "proxy",
      image: "registry.local/east/proxy:3",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what stays for the shell
      args: ["p shop default", "${HOME} ${POD_NAME}", ""],
      env: [{ name: "APP", value: "web" }],
    });
    expect(decision.pod.metadata.labels).toEqual({ app: "web", team: "web" });
    expect(decide(structuredClone(decision.pod), rules, context).patch).toEqual([]);
  });

  test("take the value after :- where there is none", () => {
    const { namespaceLabels } = context;
    const decision = decide(pod({ name: undefined, generateName: "p-" }), rules, {
      ...context,
      namespaceLabels: { ...namespaceLabels, region: "" },
    });
    expect(decision.pod.spec.containers[1]?.image).toBe("registry.local/west/proxy:3");
    expect(argsOf(decision)[0]).toBe("unknown shop default");
  });

  test("that have no value keep the template from the pod, never the pod from being made", () => {
    const decision = decide(pod({ labels: {} }), rules, context);
    expect(decision.patch).toEqual([]);
    expect(decision.refusal).toBeUndefined();
    expect(decision.reasons).toMatchObject([
      { action: "skipped", reason: "SourceUnset", message: expect.stringContaining("POD_LABEL[app]") },
    ]);
  });

  test("are text: a value cannot become YAML, another variable, or a label that Kubernetes refuses", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an attempt
    const nasty = "\nprivileged: true\n${POD_NAME}";
    const decision = decide(pod({ annotations: { "a/b": nasty } }), rules, context);
    expect(argsOf(decision)[2]).toBe(nasty);
    const long = decide(pod({ annotations: { "a/b": "x".repeat(2000) } }), rules, context);
    expect(long.reasons).toMatchObject([{ reason: "SourceUnset" }]);
    const label = compileRules({
      templates: [parseTemplate("t", `variables: [POD_ANNOTATION]\nlabels: {team: "\${POD_ANNOTATION[team]}"}\n`)],
    });
    expect(decide(pod({ annotations: { team: "no label!" } }), label, context).reasons).toMatchObject([{ reason: "SourceUnset" }]);
  });

  test.each([
    ["an unknown one", "variables: [POD_IP]\n", "1:13", "there is no variable"],
    ["one without its key", `variables: [POD_LABEL]\nlabels: {a: "\${POD_LABEL}"}\n`, "2:10", "write which one"],
    ["one with a key that takes none", `variables: [POD_NAME]\nlabels: {a: "\${POD_NAME[x]}"}\n`, "2:10", "takes no key"],
    ["one in a name", `variables: [POD_NAME]\ncontainers:\n  - name: "\${POD_NAME}"\n    image: a\n`, "3:5", "cannot depend on the pod"],
    ["no list", "variables: POD_NAME\n", "1:12", "must be a list"],
  ])("are refused with line and column: %s", (_what, bad, at, says) => {
    try {
      parseTemplate("t", bad);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateError);
      expect((error as Error).message).toContain(`t:${at}:`);
      expect((error as Error).message).toContain(says);
    }
  });
});
