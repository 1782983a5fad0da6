import { type LabelSelector, labelSelectorProblems, Quantity } from "@outrigger/kit/api";
import { jsonLog, type LogLevel } from "@outrigger/kit/manager";
import { type CertificateOrigin, parseNames, parseNamespaces, runManager } from "../manager/index.ts";
import { offered } from "../poddefaults/index.ts";
import { type FlagValues, port, UsageError } from "./flags.ts";
import type { MANAGER_FLAGS } from "./manager-flags.ts";

type FailurePolicy = "Fail" | "Ignore";

/** The manager inside a cluster: behind a Service, configured by flags, with JSON lines on standard output. */
export async function run(values: FlagValues<typeof MANAGER_FLAGS>, signal: AbortSignal): Promise<void> {
  const log = jsonLog("outrigger-manager", values["log-level"] as LogLevel);
  const metricsPort = port("metrics-port", values["metrics-port"]);
  await runManager({
    namespace: values.namespace,
    excludedNamespaces: parseNamespaces(values["excluded-namespaces"]),
    namespaceSelector: labelSelector("namespace-selector", values["namespace-selector"]),
    failurePolicies: {
      SidecarSet: values["sidecarset-failure-policy"] as FailurePolicy,
      PodDefaults: values["pod-defaults-failure-policy"] as FailurePolicy,
      Template: values["template-failure-policy"] as FailurePolicy,
    },
    features: parseNames(values.features),
    ...(values["log-folder"] === "" ? {} : { logFolder: values["log-folder"] }),
    ...(values["log-spool"] === "" ? {} : { logSpool: values["log-spool"] }),
    logSpoolBytes: bytes("log-spool-size", values["log-spool-size"]),
    istioLabels: values["istio-labels"] === "true",
    environment: offered(process.env, parseNames(values["offer-environment"])),
    webhook: { mode: "service", host: "::", port: port("webhook-port", values["webhook-port"]), serviceName: values["webhook-service"] },
    ...(values["webhook-client-ca"] === "" ? {} : { webhookClientCa: values["webhook-client-ca"] }),
    certificate: {
      settleMs: seconds("certificate-settle-seconds", values["certificate-settle-seconds"]) * 1000,
      ...certificateOrigin(values),
    },
    probes: { host: "::", port: port("probes-port", values["probes-port"]) },
    ...(metricsPort === 0 ? {} : { secureMetrics: { host: "::", port: metricsPort } }),
    log,
    signal,
    report: (line) => log.warn({}, line),
  });
}

/** @throws UsageError */
function certificateOrigin(values: FlagValues<typeof MANAGER_FLAGS>): { readonly from?: CertificateOrigin } {
  const { "certificate-folder": folder, "certificate-signer": signerName, "certificate-authority": authority } = values;
  if (folder !== "" && signerName !== "")
    throw new UsageError("--certificate-folder and --certificate-signer contradict each other: a certificate is from one of them");
  if (folder !== "") return { from: { folder } };
  if (signerName === "") return {};
  const approve = values["certificate-approve"] === "true";
  return { from: { signerName, approve, authorityFile: authority === "" ? undefined : authority } };
}

/** @throws UsageError */
function seconds(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 86_400) throw new UsageError(`--${flag} is no number of seconds from 0 to 86400: ${text}`);
  return value;
}

/** @throws UsageError */
function bytes(flag: string, text: string): number {
  try {
    const value = Quantity.parse(text).toNumber();
    if (value > 0) return value;
  } catch {}
  throw new UsageError(`--${flag} is no number of bytes such as 512Mi: ${text}`);
}

/** @throws UsageError */
function labelSelector(flag: string, text: string): LabelSelector {
  let selector: LabelSelector;
  try {
    selector = JSON.parse(text) as LabelSelector;
  } catch {
    throw new UsageError(`--${flag} is not JSON: ${text}`);
  }
  const [problem] = labelSelectorProblems(selector as never, flag);
  if (problem) throw new UsageError(`--${problem.field}: ${problem.message}`);
  return selector;
}
