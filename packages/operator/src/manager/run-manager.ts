import { setTimeout as sleep } from "node:timers/promises";
import type { LabelSelector } from "@outrigger/kit/api";
import { untilAborted } from "@outrigger/kit/cache";
import { ConnectionError, connect, type KubeconfigOptions } from "@outrigger/kit/client";
import type { Log } from "@outrigger/kit/controller";
import { LeadershipLostError, type SecureMetricsOptions } from "@outrigger/kit/manager";
import type { NetworkFaultControllerOptions } from "../faults/index.ts";
import { chooseFeatures } from "../feature/index.ts";
import { EXCLUDED_NAMESPACES } from "../pipeline/index.ts";
import { allFeatures } from "./features.ts";
import { processIdentity, releaseLeaseOfTheDead } from "./identity.ts";
import { checkMayRead, ensureNamespace } from "./install.ts";
import { LEASE } from "./names.ts";
import { FIELD_MANAGER } from "./registration.ts";
import type { FailurePolicies } from "./rule-store.ts";
import { Running, type RunningParts } from "./running.ts";
import { type CertificateOrigin, servingCertificate } from "./serving-certificate.ts";

export interface RunManagerOptions {
  /** Default: the current kubeconfig, or the pod's service account. */
  readonly kubeconfig?: KubeconfigOptions;
  /** Namespace of the manager's Secrets and templates; made where it is not there. */
  readonly namespace: string;
  /** How API servers reach the webhooks: at this address of this machine, or through a Service. */
  readonly webhook: {
    readonly mode: "url" | "service";
    /** Address to listen on; in mode `url` also the one that API servers call. */
    readonly host: string;
    /** 0 lets the system choose, in mode `url`. */
    readonly port: number;
    /** The Service's name, in mode `service`. Default `outrigger-webhook`. */
    readonly serviceName?: string;
  };
  /**
   * Namespaces whose pods get nothing injected, beside its own; network faults act on them where somebody makes some there.
   * Default: `EXCLUDED_NAMESPACES`.
   */
  readonly excludedNamespaces?: readonly string[];
  /** Variables that PodDefaults may take values from, and nothing else of the manager's environment. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Istio's `istio-injection` and `sidecar.istio.io/inject` choose pods for templates as well. Default: no. */
  readonly istioLabels?: boolean;
  /** How agents of network faults are reached. Default: at their pods' IPs. */
  readonly faults?: NetworkFaultControllerOptions;
  /** Optional features to turn on, by name; `all` names all of them. Default: none. */
  readonly features?: readonly string[];
  /** Where PodLogArchives without a bucket keep logs. Without it they keep none. */
  readonly logFolder?: string;
  /** Where lines wait for the buckets of PodLogArchives. Default: `.spool` in `logFolder`. */
  readonly logSpool?: string;
  /** How much may wait there, bytes. Default 1 GiB. */
  readonly logSpoolBytes?: number;
  /** Where it does not select a namespace, nothing is injected into pods there. Default: every namespace. */
  readonly namespaceSelector?: LabelSelector;
  /** What becomes of pods while no manager answers, where a rule does not say it itself. Default: Ignore for PodDefaults, Fail for others. */
  readonly failurePolicies?: Partial<FailurePolicies>;
  /** `/healthz` and `/readyz`. Off unless given. */
  readonly probes?: { readonly host?: string; readonly port?: number };
  /** `/metrics` over HTTPS. Off unless given. */
  readonly secureMetrics?: SecureMetricsOptions;
  /** Default: warnings and errors as lines for `report`. */
  readonly log?: Log;
  /** The webhooks' certificate; for its times see the kit's `ownCertificate`. */
  readonly certificate?: {
    readonly settleMs?: number;
    readonly pollMs?: number;
    readonly leafValidity?: number;
    /** Where it is from. Default: made by an authority of its own, which all replicas share. */
    readonly from?: CertificateOrigin;
  };
  /** File with the PEM of the authority of API servers' client certificates: others' reviews are refused. Default: everybody's are taken. */
  readonly webhookClientCa?: string;
  /** Stops the manager. */
  readonly signal: AbortSignal;
  /**
   * Called once the rules of the cluster are in force: where this manager leads, with its webhooks registered; where another
   * leads, as soon as this one can take over.
   */
  readonly onReady?: () => void;
  /** Take the webhook entries away when stopped: for a manager that is not installed in the cluster. */
  readonly temporary?: boolean;
  /** Lines for the operator of the manager. */
  readonly report: (line: string) => void;
}

/** How long a manager that ran before waits before it tries again to reach the cluster. */
const AGAIN_MS = 1_000;

/**
 * Runs the Outrigger manager: installs its definitions, keeps its certificate, registers its webhooks, and decides about
 * pods, until the signal.
 *
 * Several may run on one cluster: each serves the webhooks, one of them leads, writes the webhook configurations and runs the
 * controllers.
 *
 * @throws UnknownFeatureError; KubeconfigError, ConnectionError or StatusError when the cluster cannot be reached or refuses; Error when a
 *   port is in use; LeadershipLostError when another took over, and it is not `temporary`: the program should end, and start again.
 */
export async function runManager(options: RunManagerOptions): Promise<void> {
  const { signal, report } = options;
  const features = chooseFeatures(
    allFeatures({
      namespace: options.namespace,
      excludedNamespaces: options.excludedNamespaces ?? EXCLUDED_NAMESPACES,
      environment: options.environment ?? {},
      namespaceSelector: options.namespaceSelector,
      istioLabels: options.istioLabels,
      failurePolicies: options.failurePolicies,
      ...(options.faults ? { faults: options.faults } : {}),
      logFolder: options.logFolder,
      logSpool: options.logSpool,
      logSpoolBytes: options.logSpoolBytes,
    }),
    options.features ?? [],
  );
  const client = connect(options.kubeconfig ?? {}, { fieldManager: FIELD_MANAGER, userAgent: "outrigger", onWarning: () => {} });
  let ran = false;
  // The same in each run: a lease that an earlier run could not give back is still this process's.
  const identity = processIdentity();
  let { port } = options.webhook;
  const onListening = (listened: number): void => {
    port = listened;
  };
  const onReady = (): void => {
    if (!ran) options.onReady?.();
    ran = true;
  };
  try {
    while (!signal.aborted) {
      try {
        await runOnce({
          client,
          ...features,
          identity,
          onListening,
          options: { ...options, webhook: { ...options.webhook, port }, onReady },
        });
      } catch (error) {
        // Nobody starts a manager again that people run by hand: it does so itself.
        const again = options.temporary && ran && (error instanceof LeadershipLostError || error instanceof ConnectionError);
        if (!again) throw error;
        report(`${(error as Error).message}; starting again`);
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    }
  } finally {
    await client.close();
  }
}

async function runOnce(parts: Omit<RunningParts, "certificate">): Promise<void> {
  const { client, on, options } = parts;
  const { namespace, signal } = options;
  const stopped = new AbortController();
  const stop = (): void => stopped.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await untilAborted(checkMayRead(client, on), stopped.signal);
    await untilAborted(ensureNamespace(client, namespace), stopped.signal);
    await untilAborted(releaseLeaseOfTheDead(client, { namespace, name: LEASE }), stopped.signal);
    let running: Running | undefined;
    const certificate = await untilAborted(
      servingCertificate(client, options, () => running, stopped.signal),
      stopped.signal,
    );
    try {
      running = new Running({ ...parts, certificate });
      await running.run(signal);
    } finally {
      certificate.stop();
    }
  } catch (error) {
    // Stopped while it was starting: that is no failure.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
