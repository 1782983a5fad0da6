import { expect, test } from "vitest";
import { defaultSidecarSet, type SidecarSet, validateSidecarSet, warnOf } from "./index.ts";
import cases from "./warnings.data.json" with { type: "json" };

interface Case {
  readonly why: string;
  readonly annotations?: Record<string, string>;
  readonly spec?: object;
  readonly container?: object;
  readonly others?: object[];
  readonly warnings: readonly string[];
}
const set = (name: string, spec: object, annotations: Record<string, string> = {}): SidecarSet =>
  defaultSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name, annotations },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  });

test.each(cases as readonly Case[])("$why", ({ spec = {}, container = {}, annotations, others = [], warnings }) => {
  const one = set("base", { containers: [{ name: "agent", image: "agent:1", ...container }], ...spec }, annotations);
  const all = others.map((other, index) => set(`other-${index}`, other));
  const whitelist = '{"rules":[{"allowedAnnotationKeyExprs":[".*"]}]}';
  expect(validateSidecarSet(one, { others: all, whitelist }), "a set that is warned of is accepted").toEqual([]);
  expect(warnOf(one, all)).toEqual(warnings);
});
