// The manager's Deployment, its Services, and what guards them.

import {
  block,
  both,
  contains,
  Each,
  Expression,
  either,
  merged,
  type Node,
  not,
  text,
  truthy,
  value,
  when,
} from "../manifest-tree/index.ts";
import { PROGRAMS } from "../programs/index.ts";
import { certificateArguments, certificateMounts, certificateVolumes, HAS_CERTIFICATE_VOLUMES, STARTS_WITHIN } from "./certificates.ts";
import {
  LABELS,
  MANAGER,
  type Manifest,
  METRICS_SERVICE,
  namespace,
  namespaced,
  PORTS,
  SELECTOR,
  version,
  WEBHOOK_SERVICE,
} from "./manifest.ts";

const flags = PROGRAMS["manager"]!.flags;
/** Longer than webhooks are served on after the pod was told to stop. */
const GRACE_SECONDS = 45;
/** Where the reader of the archive looks too. */
const LOG_FOLDER = PROGRAMS["logs"]!.flags["log-folder"]!.default;
/** Where lines wait for buckets without a claim. */
const LOG_SPOOL = "/var/spool/outrigger/logs";
const spools = both(contains("features", "pod-logs"), not(truthy("logs.claim")));
const keepsLogs = either(contains("features", "pod-logs"), truthy("logs.claim"));
/** The group of the image's user, which the volumes are given to. */
const GROUP = 65_532;

const HAS_VOLUMES = either(keepsLogs, HAS_CERTIFICATE_VOLUMES);

/** The manager's image, as a quoted text. */
export const image = new Expression('include "outrigger.image" . | quote', (values) => {
  const { repository, tag, digest } = values["image"] as Record<string, string>;
  return digest ? `${repository}@${digest}` : `${repository}:${tag || (values["appVersion"] as string)}`;
});

/** `--name=value`; a flag that the manager does not have is a mistake of this file. */
function argument(flag: string, given: Expression | string | number): Node {
  if (!(flag in flags)) throw new Error(`the manager has no flag --${flag}`);
  if (!(given instanceof Expression)) return `--${flag}=${given}`;
  return new Expression(`printf "--${flag}=%v" (${given.helm}) | quote`, (values) => `--${flag}=${String(given.evaluate(values))}`);
}
const joined = (path: string): Expression =>
  new Expression(`join "," .Values.${path}`, (values) => (values[path] as readonly string[]).join(","));
const keys = (path: string): Expression =>
  new Expression(`keys .Values.${path} | sortAlpha | join ","`, (values) =>
    Object.keys(values[path] as object)
      .sort()
      .join(","),
  );
const json = (path: string): Expression =>
  new Expression(`toJson .Values.${path}`, (values) => JSON.stringify(value(path).evaluate(values)));

export function managerManifests(): Manifest[] {
  return [
    { part: "manager", file: "deployment", node: deployment() },
    {
      part: "manager",
      file: "poddisruptionbudget",
      node: when(truthy("podDisruptionBudget.enabled"), {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: namespaced(MANAGER),
        // A node can be drained also where there is one replica only.
        spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: SELECTOR } },
      }),
    },
    {
      part: "manager",
      file: "networkpolicy",
      node: when(truthy("networkPolicy.enabled"), {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: namespaced(MANAGER),
        spec: {
          podSelector: { matchLabels: SELECTOR },
          policyTypes: ["Ingress"],
          ingress: [
            {
              ports: [
                { port: PORTS.webhook, protocol: "TCP" },
                { port: PORTS.probes, protocol: "TCP" },
                when(truthy("metrics.enabled"), { port: PORTS.metrics, protocol: "TCP" }),
              ],
            },
          ],
        },
      }),
    },
    {
      part: "webhook",
      file: "service",
      node: {
        apiVersion: "v1",
        kind: "Service",
        metadata: namespaced(WEBHOOK_SERVICE),
        spec: { selector: SELECTOR, ports: [{ name: "webhook", port: 443, targetPort: "webhook", protocol: "TCP" }] },
      },
    },
  ];
}

function deployment(): Node {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: namespaced(MANAGER),
    spec: {
      replicas: value("replicas"),
      // A replica more before one less, so that webhooks are always answered.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: SELECTOR },
      template: {
        metadata: {
          labels: merged({ ...LABELS, "app.kubernetes.io/version": version }, "podLabels"),
          annotations: merged({ "kubectl.kubernetes.io/default-container": "manager" }, "podAnnotations"),
        },
        spec: {
          serviceAccountName: MANAGER,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          priorityClassName: when(truthy("priorityClassName"), text("priorityClassName")),
          imagePullSecrets: block("image.pullSecrets"),
          nodeSelector: block("nodeSelector"),
          tolerations: block("tolerations"),
          affinity: block("affinity"),
          securityContext: { runAsNonRoot: true, fsGroup: when(keepsLogs, GROUP), seccompProfile: { type: "RuntimeDefault" } },
          containers: [container()],
          volumes: when(HAS_VOLUMES, [
            when(truthy("logs.claim"), { name: "logs", persistentVolumeClaim: { claimName: text("logs.claim") } }),
            when(spools, { name: "spool", emptyDir: {} }),
            ...certificateVolumes,
          ]),
        },
      },
    },
  };
}

function container(): Node {
  return {
    name: "manager",
    image,
    imagePullPolicy: text("image.pullPolicy"),
    args: [
      "manager",
      argument("webhook-service", WEBHOOK_SERVICE),
      argument("webhook-port", PORTS.webhook),
      argument("probes-port", PORTS.probes),
      when(truthy("metrics.enabled"), argument("metrics-port", PORTS.metrics)),
      when(not(truthy("metrics.enabled")), argument("metrics-port", 0)),
      argument("log-level", value("logLevel")),
      argument("features", joined("features")),
      when(truthy("logs.claim"), argument("log-folder", LOG_FOLDER)),
      when(spools, argument("log-spool", LOG_SPOOL)),
      when(keepsLogs, argument("log-spool-size", value("logs.spoolSize"))),
      argument("excluded-namespaces", joined("excludedNamespaces")),
      argument("offer-environment", keys("environment")),
      argument("namespace-selector", json("webhook.namespaceSelector")),
      argument("sidecarset-failure-policy", value("webhook.failurePolicies.sidecarSets")),
      argument("pod-defaults-failure-policy", value("webhook.failurePolicies.podDefaults")),
      argument("template-failure-policy", value("webhook.failurePolicies.templates")),
      ...certificateArguments(argument),
    ],
    env: [
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      new Each("environment", (key, one) => ({ name: key, value: one })),
    ],
    ports: [
      { name: "webhook", containerPort: PORTS.webhook, protocol: "TCP" },
      { name: "probes", containerPort: PORTS.probes, protocol: "TCP" },
      when(truthy("metrics.enabled"), { name: "metrics", containerPort: PORTS.metrics, protocol: "TCP" }),
    ],
    // The first start makes a certificate and reads all pods: ten seconds are plenty, a large cluster on a busy node is not quick.
    startupProbe: { httpGet: { path: "/healthz", port: "probes" }, periodSeconds: 1, failureThreshold: STARTS_WITHIN },
    livenessProbe: { httpGet: { path: "/healthz", port: "probes" }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { httpGet: { path: "/readyz", port: "probes" }, periodSeconds: 2, timeoutSeconds: 5 },
    resources: block("resources"),
    volumeMounts: when(HAS_VOLUMES, [
      when(truthy("logs.claim"), { name: "logs", mountPath: LOG_FOLDER }),
      when(spools, { name: "spool", mountPath: LOG_SPOOL }),
      ...certificateMounts,
    ]),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}

export function monitoringManifests(): Manifest[] {
  return [
    {
      part: "manager",
      file: "metrics-service",
      node: when(truthy("metrics.enabled"), {
        apiVersion: "v1",
        kind: "Service",
        metadata: namespaced(METRICS_SERVICE),
        spec: { selector: SELECTOR, ports: [{ name: "metrics", port: PORTS.metrics, targetPort: "metrics", protocol: "TCP" }] },
      }),
    },
    {
      part: "monitoring",
      file: "servicemonitor",
      node: when(truthy("metrics.serviceMonitor.enabled"), {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata: namespaced(MANAGER, { labels: merged(LABELS, "metrics.serviceMonitor.labels") }),
        spec: {
          selector: { matchLabels: SELECTOR },
          namespaceSelector: { matchNames: [namespace] },
          endpoints: [
            {
              port: "metrics",
              scheme: "https",
              path: "/metrics",
              interval: value("metrics.serviceMonitor.interval"),
              // The certificate is made at each start and known to nobody; the token is what counts.
              bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
              tlsConfig: { insecureSkipVerify: true },
            },
          ],
        },
      }),
    },
  ];
}
