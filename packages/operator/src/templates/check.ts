import type { Cause, KubeObject } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { defaultObject, kinds, validateKind } from "@outrigger/machinery/kinds";
import { validate } from "@outrigger/machinery/schema";
import { structural } from "../pod/index.ts";
import type { TemplateKey } from "./parse.ts";

/** One thing wrong with a template's content: the path of the value in the template, and why. */
export interface ContentProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * What Kubernetes would find wrong with a pod that gets a template's content: unknown fields, then wrong types, then
 * wrong values. A template that passes does not make a pod one that Kubernetes refuses, unless the pod brings the other
 * half of what is wrong (a port that both want).
 */
export function contentProblems(content: Readonly<Partial<Record<TemplateKey, unknown>>>): ContentProblem[] {
  const pod = podWith(content);
  const schema = podSchema();
  const unknown = prune(schema, structuredClone(pod), false);
  if (unknown.length > 0) return unknown.map((path) => problem(path, (at) => `unknown field ${JSON.stringify(at)}`));
  const types = validate(schema, pod).filter(({ field }) => field !== undefined);
  const causes = types.length > 0 ? types : valueProblems(structuredClone(pod));
  return causes.map(({ field = "", message }) => problem(field, (at) => `${at}: ${message}`));
}

function valueProblems(pod: KubeObject): Cause[] {
  const row = kinds().byKind("", "v1", "Pod");
  if (row === undefined) return [];
  defaultObject(row, pod);
  return validateKind(row, pod);
}

/** Every part of a template at its place in a pod: what the pod's own containers get stands in the first. */
function podWith(content: Readonly<Partial<Record<TemplateKey, unknown>>>): KubeObject {
  const { containers, env, volumeMounts, labels, annotations, ...others } = content;
  const own = {
    name: "outrigger-stand-in",
    image: "none",
    ...(env === undefined ? {} : { env }),
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "outrigger-stand-in",
      namespace: "default",
      ...(labels === undefined ? {} : { labels: labels as Record<string, string> }),
      ...(annotations === undefined ? {} : { annotations: annotations as Record<string, string> }),
    },
    spec: { ...others, containers: [own, ...((containers ?? []) as unknown[])] },
  };
}

/** From a path in the pod to the one in the template. */
function problem(field: string, say: (at: string) => string): ContentProblem {
  const at = field
    .replace(/^metadata\./, "")
    .replace(/^spec\./, "")
    .replace(/^containers\[0\]\./, "")
    .replace(/^containers\[(\d+)\]/, (_, index: string) => `containers[${Number(index) - 1}]`);
  const path = at.split(/\.|\[|\]\.?/).filter((step) => step !== "");
  return { path, message: say(at) };
}

let schemaOfPods: SchemaNode | undefined;

/** Amounts may be numbers in YAML, as Kubernetes takes them. */
function podSchema(): SchemaNode {
  if (schemaOfPods === undefined) {
    const { properties = {} } = kinds().byKind("", "v1", "Pod")?.schema ?? {};
    schemaOfPods = {
      type: "object",
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        spec: structural(properties["spec"] ?? {}),
      },
    };
  }
  return schemaOfPods;
}
