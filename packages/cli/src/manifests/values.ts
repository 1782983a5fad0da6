// The values of an operator's chart: default, schema and comment of each, from which values.yaml, values.schema.json and
// the plain manifests are made.

import type { Values } from "@outrigger/operator/manifest-tree";
import { stringify } from "yaml";
import type { Project } from "../project/index.ts";
import { selectorOf } from "./names.ts";

export interface Value {
  readonly comment: string;
  readonly default: unknown;
  readonly schema: Readonly<Record<string, unknown>>;
}
export type ValueTree = { readonly [name: string]: Value | ValueTree };

const string = (more: object = {}) => ({ type: "string", ...more });
const boolean = { type: "boolean" };
const object = { type: "object" };
const list = { type: "array" };
const texts = { type: "object", additionalProperties: { type: "string" } };

export function valueTree({ name, image }: Project): ValueTree {
  const { repository, tag } = imageParts(image);
  return {
    image: {
      repository: { comment: "Where the operator's image is.", default: repository, schema: string({ minLength: 1 }) },
      tag: {
        comment: "A tag for each build: nodes keep the image that they have under a tag that moves.",
        default: tag,
        schema: string({ pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$" }),
      },
      digest: {
        comment: "`sha256:…`; wins over the tag, and is the only way to be sure of what runs.",
        default: "",
        schema: string({ pattern: "^(sha256:[0-9a-f]{64})?$" }),
      },
      pullPolicy: {
        comment: "Default: Always for the tag latest, IfNotPresent for others.",
        default: "",
        schema: { enum: ["", "IfNotPresent", "Always", "Never"] },
      },
      pullSecrets: { comment: "Secrets to pull it with: [{name: …}].", default: [], schema: list },
    },
    replicas: { comment: "One of them leads; the others take over when it ends.", default: 1, schema: { type: "integer", minimum: 1 } },
    environment: { comment: "Variables of the operator: {REGION: eu-1, …}.", default: {}, schema: texts },
    resources: {
      comment: "Memory follows the number of objects that the operator watches.",
      default: { requests: { cpu: "10m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      schema: object,
    },
    priorityClassName: { comment: "", default: "", schema: string() },
    nodeSelector: { comment: "", default: {}, schema: texts },
    tolerations: { comment: "", default: [], schema: list },
    affinity: {
      comment: "Default: replicas on different nodes where there are some.",
      default: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: selectorOf(name) } },
            },
          ],
        },
      },
      schema: object,
    },
    podDisruptionBudget: { enabled: { comment: "Keeps one replica while nodes are drained.", default: false, schema: boolean } },
    networkPolicy: {
      enabled: { comment: "Lets in calls of webhooks, probes and metrics, and nothing else.", default: true, schema: boolean },
    },
    metrics: {
      enabled: { comment: "/metrics over HTTPS for those whose token may get it.", default: true, schema: boolean },
      serviceMonitor: {
        enabled: { comment: "For the Prometheus operator, whose definitions must be there.", default: false, schema: boolean },
      },
    },
    crds: {
      install: { comment: "Definitions come, and are upgraded, with the chart.", default: true, schema: boolean },
      keep: {
        comment: "Definitions, and with them what people wrote, stay when the chart is uninstalled.",
        default: true,
        schema: boolean,
      },
    },
  };
}

/** `registry:5000/a/b:tag` → its repository and tag; `latest` where there is none. */
export function imageParts(image: string): { readonly repository: string; readonly tag: string } {
  const colon = image.lastIndexOf(":");
  return colon > image.lastIndexOf("/")
    ? { repository: image.slice(0, colon), tag: image.slice(colon + 1) }
    : { repository: image, tag: "latest" };
}

export function isValue(one: Value | ValueTree): one is Value {
  return "schema" in one && "comment" in one;
}

/** The default of each value. */
export function defaults(tree: ValueTree): Values {
  return Object.fromEntries(Object.entries(tree).map(([name, one]) => [name, isValue(one) ? one.default : defaults(one)]));
}

/** The lines of `values.yaml` for one value or group of values, without an indent. */
export function valueLines(name: string, one: Value | ValueTree): string[] {
  if (isValue(one)) {
    const comment = one.comment === "" ? [] : [`# ${one.comment}`];
    return [
      ...comment,
      ...stringify({ [name]: one.default })
        .trimEnd()
        .split("\n"),
    ];
  }
  return [`${name}:`, ...Object.entries(one).flatMap(([key, child]) => valueLines(key, child).map((line) => `  ${line}`))];
}

/** `values.schema.json`: a value that the chart does not know is an error, instead of a wish that nobody hears. */
export function valuesSchema(tree: ValueTree): object {
  return { $schema: "http://json-schema.org/draft-07/schema#", ...group(tree, { global: { type: "object" } }) };
}
function group(tree: ValueTree, more: Readonly<Record<string, object>> = {}): object {
  const properties = Object.entries(tree).map(([name, one]) => {
    if (!isValue(one)) return [name, group(one)] as const;
    return [name, one.comment === "" ? one.schema : { description: one.comment, ...one.schema }] as const;
  });
  return { type: "object", additionalProperties: false, properties: { ...Object.fromEntries(properties), ...more } };
}
