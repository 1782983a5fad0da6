import { EXCLUDED_NAMESPACES } from "../pipeline/index.ts";
import type { Flags } from "./flags.ts";

const POLICIES = ["Fail", "Ignore"];

/** The options of the manager inside a cluster. The generated chart and manifests give these, and no others. */
export const MANAGER_FLAGS = {
  namespace: { environment: "POD_NAMESPACE", default: "outrigger-system", help: "Namespace of the manager." },
  features: { environment: "FEATURES", default: "", help: "Optional features to turn on, with commas between; 'all' is all of them." },
  "excluded-namespaces": {
    environment: "EXCLUDED_NAMESPACES",
    default: EXCLUDED_NAMESPACES.join(","),
    help: "Namespaces whose pods get nothing injected, beside the manager's own, with commas between.",
  },
  "namespace-selector": {
    environment: "NAMESPACE_SELECTOR",
    default: "{}",
    help: "Label selector, as JSON: in namespaces that it does not select nothing is injected, and the API server does not call.",
  },
  "istio-labels": {
    environment: "ISTIO_LABELS",
    default: "false",
    choices: ["true", "false"],
    help: "Whether Istio's istio-injection and sidecar.istio.io/inject choose pods for templates as well.",
  },
  "offer-environment": {
    environment: "OFFER_ENVIRONMENT",
    default: "",
    help: "Variables of the manager that PodDefaults may take values from, with commas between.",
  },
  "log-folder": {
    environment: "LOG_FOLDER",
    default: "",
    help: "Folder where PodLogArchives without a bucket keep logs. Empty: they keep none.",
  },
  "log-spool": {
    environment: "LOG_SPOOL",
    default: "",
    help: "Folder where lines wait for the buckets of PodLogArchives. Empty: .spool in --log-folder.",
  },
  "log-spool-size": { environment: "LOG_SPOOL_SIZE", default: "1Gi", help: "So much may wait there; beyond it lines wait at the kubelet." },
  "webhook-service": {
    environment: "WEBHOOK_SERVICE",
    default: "outrigger-webhook",
    help: "Service by which API servers call the webhooks.",
  },
  "webhook-port": { environment: "WEBHOOK_PORT", default: "9443", help: "Port of the webhook server." },
  "webhook-client-ca": {
    environment: "WEBHOOK_CLIENT_CA",
    default: "",
    help: "File with the authority of API servers' client certificates: reviews of others are refused. Empty: everybody's are taken.",
  },
  "certificate-folder": {
    environment: "CERTIFICATE_FOLDER",
    default: "",
    help: "Folder with tls.crt, tls.key and ca.crt, followed as they change. Empty: the manager makes its certificate, or requests it.",
  },
  "certificate-signer": {
    environment: "CERTIFICATE_SIGNER",
    default: "",
    help: "Signer of Kubernetes' API that the certificate is requested of; outrigger.dev/webhook-serving is the manager itself.",
  },
  "certificate-approve": {
    environment: "CERTIFICATE_APPROVE",
    default: "false",
    choices: ["true", "false"],
    help: "Whether the manager approves its own requests; otherwise somebody else has to.",
  },
  "certificate-authority": {
    environment: "CERTIFICATE_AUTHORITY",
    default: "",
    help: "File with the authority of the signer. Empty: the self-signed certificate that it issues behind the others.",
  },
  "certificate-settle-seconds": {
    environment: "CERTIFICATE_SETTLE_SECONDS",
    default: "30",
    help: "In this time every API server learns of a changed webhook configuration; each stage of a rotation of the authority waits for it.",
  },
  "probes-port": { environment: "PROBES_PORT", default: "8081", help: "Port of /healthz and /readyz." },
  "metrics-port": { environment: "METRICS_PORT", default: "8443", help: "Port of /metrics over HTTPS; 0 turns metrics off." },
  "log-level": { environment: "LOG_LEVEL", default: "info", choices: ["debug", "info", "warn", "error"], help: "What is logged." },
  "sidecarset-failure-policy": {
    environment: "SIDECARSET_FAILURE_POLICY",
    default: "Fail",
    choices: POLICIES,
    help: "Whether pods of SidecarSets are made while no manager answers, where the set does not say.",
  },
  "pod-defaults-failure-policy": {
    environment: "POD_DEFAULTS_FAILURE_POLICY",
    default: "Ignore",
    choices: POLICIES,
    help: "The same for PodDefaults.",
  },
  "template-failure-policy": {
    environment: "TEMPLATE_FAILURE_POLICY",
    default: "Fail",
    choices: POLICIES,
    help: "The same for templates.",
  },
} as const satisfies Flags;
