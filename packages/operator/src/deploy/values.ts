// The values of the chart `outrigger`.

import { OWN_SIGNER } from "../certificates/index.ts";
import { DEFAULT_SECRET } from "../logs/index.ts";
import type { ValueTree } from "../manifest-tree/index.ts";
import { PROGRAMS } from "../programs/index.ts";

const string = (more: object = {}) => ({ type: "string", ...more });
const boolean = { type: "boolean" };
const object = { type: "object" };
const list = { type: "array" };
const strings = { type: "array", items: { type: "string" } };
const texts = { type: "object", additionalProperties: { type: "string" } };
const duration = string({ pattern: "^([0-9]+(h|m|s))+$" });
const flag = (name: string) => PROGRAMS["manager"]!.flags[name]!;
const choice = (name: string) => ({ enum: [...(flag(name).choices ?? [])] });

export const VALUES: ValueTree = {
  image: {
    repository: { comment: "Image of the manager.", default: "ghcr.io/outrigger-dev/manager", schema: string({ minLength: 1 }) },
    tag: {
      comment: "Default: the chart's appVersion. `latest` is refused: a node keeps the image that it has under a tag that moves.",
      default: "",
      schema: string({ not: { enum: ["latest"] }, pattern: "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$" }),
    },
    digest: {
      comment: "`sha256:…`; wins over the tag, and is the only way to be sure of what runs.",
      default: "",
      schema: string({ pattern: "^(sha256:[0-9a-f]{64})?$" }),
    },
    pullPolicy: {
      comment: "Always for a tag that is built again and again; nodes do not look for a newer image otherwise.",
      default: "IfNotPresent",
      schema: { enum: ["IfNotPresent", "Always", "Never"] },
    },
    pullSecrets: { comment: "Secrets to pull it with: [{name: …}].", default: [], schema: list },
  },
  replicas: {
    comment: "All of them answer webhooks, one runs the controllers. One alone means that pods wait or go without while it restarts.",
    default: 2,
    schema: { type: "integer", minimum: 1 },
  },
  features: { comment: "Optional features to turn on, by name; their rights come with them.", default: [], schema: strings },
  environment: {
    comment: "Variables of the manager, for PodDefaults that take values from it: {io.contiv.tenant: default, …}.",
    default: {},
    schema: texts,
  },
  logs: {
    claim: {
      comment:
        "PersistentVolumeClaim where PodLogArchives keep logs (feature pod-logs). More than one replica needs one that several nodes can mount.",
      default: "",
      schema: string(),
    },
    credentialsSecrets: {
      comment: `Secrets in the manager's namespace, beside ${DEFAULT_SECRET}, that PodLogArchives may name in spec.s3.credentialsSecret.`,
      default: [],
      schema: strings,
    },
    spoolSize: {
      comment: "So much may wait for buckets: in the claim, else in an emptyDir, which is lost with the pod.",
      default: flag("log-spool-size").default,
      schema: string({ pattern: "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$" }),
    },
  },
  logLevel: { comment: "What is logged, as JSON lines.", default: flag("log-level").default, schema: choice("log-level") },
  excludedNamespaces: {
    comment: "Namespaces whose pods get nothing injected, beside the manager's own.",
    default: flag("excluded-namespaces").default.split(","),
    schema: strings,
  },
  webhook: {
    namespaceSelector: {
      comment: "Where it does not select a namespace, nothing is injected there. Default: every namespace.",
      default: {},
      schema: object,
    },
    failurePolicies: {
      sidecarSets: {
        comment: "Whether pods are made while no manager answers, where the rule's annotation does not say.",
        default: flag("sidecarset-failure-policy").default,
        schema: choice("sidecarset-failure-policy"),
      },
      podDefaults: {
        comment: "The same for PodDefaults.",
        default: flag("pod-defaults-failure-policy").default,
        schema: choice("pod-defaults-failure-policy"),
      },
      templates: {
        comment: "The same for templates.",
        default: flag("template-failure-policy").default,
        schema: choice("template-failure-policy"),
      },
    },
    certificates: {
      mode: {
        comment:
          "Where the webhooks' certificate is from: made by the manager (own), a Secret of yours (files), cert-manager, or a signer of Kubernetes' API (csr). See docs/operations.md, Certificates.",
        default: "own",
        schema: { enum: ["own", "files", "cert-manager", "csr"] },
      },
      secret: {
        comment: "files: the Secret with tls.crt, tls.key and ca.crt, for the Service outrigger-webhook; followed as it changes.",
        default: "",
        schema: string(),
      },
      certManager: {
        issuerRef: {
          comment: "{name, kind, group} of an issuer that writes ca.crt. Default: an authority of its own, by a self-signed issuer.",
          default: {},
          schema: object,
        },
        duration: { comment: "", default: "2160h", schema: duration },
        renewBefore: { comment: "", default: "720h", schema: duration },
      },
      csr: {
        signerName: {
          comment: "The default is the manager's own signer.",
          default: OWN_SIGNER,
          schema: string({ pattern: "^[a-z0-9.-]+\\.[a-z0-9.-]+/[a-z0-9.-]+$" }),
        },
        approve: {
          comment: "The manager approves its own requests. Otherwise somebody has an hour for `kubectl certificate approve`.",
          default: true,
          schema: boolean,
        },
        authorityConfigMap: {
          comment: "ConfigMap with ca.crt, where the signer does not issue its authority's certificate behind the others.",
          default: "",
          schema: string(),
        },
      },
      settleSeconds: {
        comment: flag("certificate-settle-seconds").help,
        default: Number(flag("certificate-settle-seconds").default),
        schema: { type: "integer", minimum: 0 },
      },
    },
  },
  resources: {
    comment: "Memory follows the number of pods: see docs/operations.md, Sizes.",
    default: { requests: { cpu: "50m", memory: "160Mi" }, limits: { memory: "512Mi" } },
    schema: object,
  },
  priorityClassName: {
    comment: "A class that is not preempted by what it injects into, e.g. system-cluster-critical.",
    default: "",
    schema: string(),
  },
  nodeSelector: { comment: "", default: {}, schema: texts },
  tolerations: { comment: "", default: [], schema: list },
  affinity: {
    comment: "Default: replicas on different nodes where there are some.",
    default: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: "kubernetes.io/hostname",
              labelSelector: { matchLabels: { "app.kubernetes.io/name": "outrigger-manager" } },
            },
          },
        ],
      },
    },
    schema: object,
  },
  podLabels: { comment: "", default: {}, schema: texts },
  podAnnotations: { comment: "", default: {}, schema: texts },
  podDisruptionBudget: { enabled: { comment: "Keeps one replica while nodes are drained.", default: true, schema: boolean } },
  networkPolicy: {
    enabled: {
      comment: "Lets in calls of webhooks, probes and metrics, and nothing else. API servers have no label to be named by.",
      default: true,
      schema: boolean,
    },
  },
  metrics: {
    enabled: { comment: "/metrics over HTTPS for those whose token may get it.", default: true, schema: boolean },
    readers: {
      comment: "Subjects that may get it, such as your Prometheus: [{kind: ServiceAccount, name: prometheus-k8s, namespace: monitoring}].",
      default: [],
      schema: list,
    },
    serviceMonitor: {
      enabled: { comment: "For the Prometheus operator, whose definitions must be there.", default: false, schema: boolean },
      interval: { comment: "", default: "30s", schema: string({ pattern: "^[0-9]+(ms|s|m|h)$" }) },
      labels: { comment: "What your Prometheus selects by.", default: {}, schema: texts },
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
      comment: "Before an uninstallation a Job recovers network faults and takes webhooks and finalizers away; without it, nothing does.",
      default: true,
      schema: boolean,
    },
  },
  rbac: { aggregate: { comment: "Adds the rules' kinds to the ClusterRoles view, edit and admin.", default: true, schema: boolean } },
};
