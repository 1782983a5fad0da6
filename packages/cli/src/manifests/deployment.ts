// The operator's Deployment, its Services, and what guards them.

import { block, Each, Expression, type Node, text, truthy, type Values, value, when } from "@outrigger/operator/manifest-tree";
import { labelsOf, type Manifest, namesOf, namespaceOf, PORTS, type Source, selectorOf } from "./names.ts";

/** Longer than webhooks are served on after the pod was told to stop. */
const GRACE_SECONDS = 45;

type Image = Readonly<Record<"repository" | "tag" | "digest" | "pullPolicy", string>>;
const imageOf = (values: Values): Image => values["image"] as Image;

/** The image as one text. */
export const image = new Expression(
  "if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ end",
  (values) => {
    const { repository, tag, digest } = imageOf(values);
    return digest ? `${repository}@${digest}` : `${repository}:${tag}`;
  },
);
/** Nodes ask again for what moves. */
export const pullPolicy = new Expression(
  '.Values.image.pullPolicy | default (ternary "Always" "IfNotPresent" (and (eq .Values.image.tag "latest") (not .Values.image.digest)))',
  (values) => {
    const { tag, digest, pullPolicy: given } = imageOf(values);
    return given || (tag === "latest" && !digest ? "Always" : "IfNotPresent");
  },
);

/** What a container of the operator may do: nothing but run. */
export const CONFINED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;
export const POD_CONFINED = { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } } as const;

export function deploymentManifests({ operator: { name, webhooks } }: Source): Manifest[] {
  const names = namesOf(name);
  const namespaced = { name: names.manager, namespace: namespaceOf(name), labels: labelsOf(name) };
  const selector = { matchLabels: selectorOf(name) };
  return [
    {
      part: "manager",
      file: "namespace",
      only: "plain",
      node: {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: names.namespace, labels: { ...labelsOf(name), "pod-security.kubernetes.io/enforce": "restricted" } },
      },
    },
    { part: "manager", file: "manager", node: deployment(name, webhooks.length > 0) },
    {
      part: "manager",
      file: "pod_disruption_budget",
      node: when(truthy("podDisruptionBudget.enabled"), {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: namespaced,
        // A node can be drained also where there is one replica only.
        spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector },
      }),
    },
    {
      part: "manager",
      file: "network_policy",
      node: when(truthy("networkPolicy.enabled"), {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: namespaced,
        spec: {
          podSelector: selector,
          policyTypes: ["Ingress"],
          ingress: [
            {
              ports: [
                { port: PORTS.probes, protocol: "TCP" },
                ...(webhooks.length > 0 ? [{ port: PORTS.webhook, protocol: "TCP" }] : []),
                when(truthy("metrics.enabled"), { port: PORTS.metrics, protocol: "TCP" }),
              ],
            },
          ],
        },
      }),
    },
    {
      part: "manager",
      file: "metrics_service",
      node: when(truthy("metrics.enabled"), {
        apiVersion: "v1",
        kind: "Service",
        metadata: { ...namespaced, name: names.metrics },
        spec: { selector: selectorOf(name), ports: [{ name: "metrics", port: PORTS.metrics, targetPort: "metrics", protocol: "TCP" }] },
      }),
    },
    {
      part: "manager",
      file: "service_monitor",
      node: when(truthy("metrics.serviceMonitor.enabled"), {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata: namespaced,
        spec: {
          selector: { matchLabels: labelsOf(name) },
          endpoints: [
            {
              port: "metrics",
              scheme: "https",
              path: "/metrics",
              // The certificate is made at each start and known to nobody; the token is what counts.
              bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
              tlsConfig: { insecureSkipVerify: true },
            },
          ],
        },
      }),
    },
    ...(webhooks.length > 0
      ? [
          {
            part: "webhook" as const,
            file: "service",
            node: {
              apiVersion: "v1",
              kind: "Service",
              metadata: { ...namespaced, name: names.webhook },
              spec: { selector: selectorOf(name), ports: [{ name: "webhook", port: 443, targetPort: "webhook", protocol: "TCP" }] },
            },
          },
        ]
      : []),
  ];
}

function deployment(name: string, webhooks: boolean): Node {
  const names = namesOf(name);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: names.manager, namespace: namespaceOf(name), labels: { ...labelsOf(name), ...selectorOf(name) } },
    spec: {
      replicas: value("replicas"),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selectorOf(name) },
      template: {
        metadata: {
          labels: selectorOf(name),
          annotations: { "kubectl.kubernetes.io/default-container": "manager" },
        },
        spec: {
          serviceAccountName: names.manager,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          priorityClassName: when(truthy("priorityClassName"), text("priorityClassName")),
          imagePullSecrets: block("image.pullSecrets"),
          nodeSelector: block("nodeSelector"),
          tolerations: block("tolerations"),
          affinity: block("affinity"),
          securityContext: POD_CONFINED,
          containers: [container(webhooks)],
        },
      },
    },
  };
}

function container(webhooks: boolean): Node {
  return {
    name: "manager",
    image,
    imagePullPolicy: pullPolicy,
    env: [
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      when(truthy("metrics.enabled"), { name: "METRICS_PORT", value: String(PORTS.metrics) }),
      new Each("environment", (key, one) => ({ name: key, value: one })),
    ],
    ports: [
      { name: "probes", containerPort: PORTS.probes, protocol: "TCP" },
      ...(webhooks ? [{ name: "webhook", containerPort: PORTS.webhook, protocol: "TCP" }] : []),
      when(truthy("metrics.enabled"), { name: "metrics", containerPort: PORTS.metrics, protocol: "TCP" }),
    ],
    startupProbe: { httpGet: { path: "/healthz", port: "probes" }, periodSeconds: 1, failureThreshold: 120 },
    livenessProbe: { httpGet: { path: "/healthz", port: "probes" }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { httpGet: { path: "/readyz", port: "probes" }, periodSeconds: 2, timeoutSeconds: 5 },
    resources: block("resources"),
    securityContext: CONFINED,
  };
}
