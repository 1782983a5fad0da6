// The values of an operator's chart.

import type { ValueTree } from "@outrigger/operator/manifest-tree";
import type { Project } from "../project/index.ts";
import { selectorOf } from "./names.ts";

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
    uninstall: {
      drain: {
        comment:
          "Before the chart goes, a Job lets the operator clean up (definitions that go), or takes its finalizers off (definitions that stay).",
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
