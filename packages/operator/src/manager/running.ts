import type { Client } from "@outrigger/kit/client";
import { dynamicResource } from "@outrigger/kit/client";
import {
  LeadershipLostError,
  type Manager,
  type MetricFamilies,
  manager,
  type RunningService,
  type Service,
  type ServiceContext,
} from "@outrigger/kit/manager";
import { type RotationGuard, type WebhookTarget, webhookService } from "@outrigger/kit/webhook";
import type { CertificateSource } from "../certificates/index.ts";
import type { Feature, RunningFeature } from "../feature/index.ts";
import { certificateFamilies } from "../figures/index.ts";
import { followClientCa, readClientCa } from "./client-ca.ts";
import { installDefinitions } from "./install.ts";
import { quietLog } from "./log.ts";
import { LEASE } from "./names.ts";
import { Presence } from "./presence.ts";
import { Registration } from "./registration.ts";
import type { RunManagerOptions } from "./run-manager.ts";
import { fingerprint, Trust } from "./trust.ts";

const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
/** A program that people stop by hand ends soon; one in a cluster within Kubernetes' 30 s. */
const GRACE_MS = { temporary: 6_000, installed: 25_000 };
const DRAIN_MS = 15_000;
/** Endpoints of a Service change, and an API server learns of it, some time after a pod was told to stop. */
const LINGER_MS = 5_000;
const LOOK_MS = 500;
/** In this time every API server learns of a changed configuration, unless the options say otherwise. */
const SETTLE_MS = 30_000;

export interface RunningParts {
  readonly client: Client;
  readonly certificate: CertificateSource;
  readonly on: readonly Feature[];
  readonly off: readonly Feature[];
  readonly identity: string;
  /** Told the port on which the webhooks listen. */
  readonly onListening: (port: number) => void;
  readonly options: RunManagerOptions;
}

/**
 * One run of the manager, from its first listener to its last. Parts in the order in which they start, and stop in reverse:
 * webhook server, presence, caches; then, on the leader alone, registration and controllers.
 */
export class Running {
  readonly #parts: RunningParts;
  readonly #manager: Manager;
  readonly #running: readonly RunningFeature[];
  readonly #presence: Presence;
  readonly #registration: Registration;
  readonly #trust: Trust;
  readonly #served = Promise.withResolvers<void>();
  readonly #registered = Promise.withResolvers<void>();
  #address: WebhookTarget | undefined;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    const { client, on, off, identity, options } = parts;
    const { report, namespace, temporary, kubeconfig = {}, probes, secureMetrics } = options;
    this.#presence = new Presence(client, namespace, identity, (error) => report(`the Lease of this replica: ${(error as Error).message}`));
    this.#manager = manager({
      client,
      kubeconfig,
      name: LEASE,
      log: options.log ?? quietLog(report),
      controllers: on.flatMap(({ controllers = [] }) => controllers),
      webhooks: [{ name: "webhooks", start: (context) => this.#serve(context) }, this.#present()],
      services: [this.#keeping()],
      leaderElection: { name: LEASE, namespace, identity },
      gracePeriodMs: temporary ? GRACE_MS.temporary : GRACE_MS.installed,
      ...(probes ? { probes } : {}),
      ...(secureMetrics ? { secureMetrics } : {}),
    });
    const { informers, events } = this.#manager;
    for (const { resource, options: more } of on.flatMap(({ reads = [] }) => reads)) informers.for(resource, more);
    const webhook = (): WebhookTarget => this.#webhook;
    const changed = (): void => this.#registration.changed();
    this.#running = on.flatMap(({ run }) => run?.({ client, informers, webhook, changed, report }) ?? []);
    this.#registration = new Registration({ client, events, features: on, off, running: this.#running, webhook, report });
    this.#trust = new Trust({
      presence: this.#presence,
      served: () => this.#parts.certificate.current,
      keeps: () => this.#registration.keeps,
      inForceMs: (authorities) => this.#registration.inForceMs(authorities),
      changed,
      settleMs: options.certificate?.settleMs ?? SETTLE_MS,
      report,
    });
    this.#checkReady("rules", () => this.#unready());
    this.#checkReady("certificate", () => this.#trust.unready());
  }

  #checkReady(name: string, problem: () => string | undefined): void {
    this.#manager.addCheck("readyz", name, () => {
      const why = problem();
      if (why !== undefined) throw new Error(why);
    });
  }

  /** Whether API servers accept a certificate of these authorities by now. */
  trusts(authorities: string): Promise<boolean> {
    return this.#trust.trusts(authorities);
  }

  /** What the rotation of the certificate waits for: the leader alone decides, by what it has read back and what all replicas say. */
  get rotation(): RotationGuard {
    return {
      decides: () => this.#registration.keeps,
      inForceMs: (bundle) => this.#registration.inForceMs(bundle),
      servedByAll: async (certificate) => {
        const served = fingerprint(certificate);
        return (await this.#presence.others()).every((replica) => replica.certificate === served);
      },
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const running = this.#manager.run(AbortSignal.any([signal, stopped.signal]));
    try {
      await Promise.race([this.#ready(signal), running]);
      if (!signal.aborted) this.#parts.options.onReady?.();
      await running;
    } catch (error) {
      stopped.abort();
      await running.catch(() => {});
      // Whoever lost the lease tries again: until then pods are refused rather than missed.
      const leaves = this.#parts.options.temporary && this.#address && !(error instanceof LeadershipLostError);
      if (leaves) await this.#registration.leave(false);
      throw error;
    } finally {
      for (const feature of this.#running) await feature.stop?.();
    }
  }

  /** Resolves when the webhooks serve and either are registered by us, or another leads. */
  async #ready(signal: AbortSignal): Promise<void> {
    const { report } = this.#parts.options;
    await this.#served.promise;
    const registered = this.#registered.promise.then(() => true);
    while (!signal.aborted) {
      const later = new Promise<boolean>((resolve) => setTimeout(resolve, LOOK_MS, false).unref());
      if (await Promise.race([registered, later])) return;
      const leader = await this.#otherLeader().catch(() => undefined);
      if (leader !== undefined) return report(`another manager leads (${leader}): this one serves, and waits to take over`);
    }
  }

  /** Who holds the lease, where that is somebody else. */
  async #otherLeader(): Promise<string | undefined> {
    const { client, identity, options } = this.#parts;
    const lease = (await client.find(Lease, { namespace: options.namespace, name: LEASE })) as
      | { spec?: { holderIdentity?: string } }
      | undefined;
    const holder = lease?.spec?.holderIdentity;
    return holder && holder !== identity ? holder : undefined;
  }

  #unready(): string | undefined {
    for (const feature of this.#running) {
      const why = feature.unready?.();
      if (why !== undefined) return why;
    }
    return undefined;
  }

  get #webhook(): WebhookTarget {
    return { ...this.#address!, caBundle: this.#trust.bundle };
  }

  /** The webhook server, with the figures of all features. */
  async #serve(context: ServiceContext): Promise<RunningService> {
    const metrics = async (): Promise<MetricFamilies> =>
      [
        certificateFamilies(this.#parts.certificate.current),
        ...(await Promise.all(this.#running.map((feature) => feature.metrics?.() ?? []))),
      ].flat();
    return { ...(await this.#server().start(context)), metrics };
  }

  #server(): ReturnType<typeof webhookService> {
    const { client, certificate, options, on } = this.#parts;
    const { webhook, namespace, temporary } = options;
    const { webhookClientCa } = options;
    return webhookService({
      ...(webhookClientCa === undefined ? {} : { clientCa: readClientCa(webhookClientCa) }),
      host: webhook.host,
      port: webhook.port,
      certificate: certificate.current,
      // Nobody calls a manager whose entries are gone.
      drainMs: temporary ? 0 : DRAIN_MS,
      lingerMs: temporary ? 0 : LINGER_MS,
      webhooks: this.#running.flatMap(({ handlers = [] }) => handlers),
      unready: () => this.#unready(),
      onListening: async (server, port, signal) => {
        certificate.onChange((next) => server.setCertificate(next));
        this.#parts.onListening(port);
        if (webhookClientCa !== undefined) {
          const end = followClientCa(server, webhookClientCa, options.report);
          signal.addEventListener("abort", end, { once: true });
        }
        const host = webhook.host.includes(":") ? `[${webhook.host}]` : webhook.host;
        this.#address =
          webhook.mode === "url"
            ? { url: `https://${host}:${port}` }
            : { service: { namespace, name: webhook.serviceName ?? "outrigger-webhook" } };
        await installDefinitions(
          client,
          on.flatMap(({ definitions }) => definitions?.(this.#webhook) ?? []),
          signal,
        );
      },
    });
  }

  /** Says that this process serves; before it stops serving, sees to it that nobody is sent here any more. */
  #present(): Service {
    const { certificate, options } = this.#parts;
    const announce = (): Promise<void> => {
      const { certificate: leaf, caBundle } = certificate.current;
      return this.#presence.announce({ certificate: fingerprint(leaf), authorities: caBundle });
    };
    return {
      name: "presence",
      start: async (): Promise<RunningService> => ({
        ready: async () => {
          await Promise.all([announce(), this.#presence.sweep()]);
          certificate.onChange(announce);
          this.#trust.start();
          this.#served.resolve();
        },
        stop: async () => {
          this.#trust.stop();
          if (options.temporary && options.signal.aborted) {
            const signal = AbortSignal.timeout(LOOK_MS * 4);
            const others = await this.#presence.others(signal).catch(() => []);
            await this.#registration.leave(others.length > 0);
          }
          await this.#presence.stop(AbortSignal.timeout(LOOK_MS * 4));
        },
      }),
    };
  }

  /** On the leader: keeps the configurations. */
  #keeping(): Service {
    const { certificate } = this.#parts;
    return {
      name: "registration",
      start: async ({ signal }) => {
        // Before the first write, which must not take away what another replica needs.
        await this.#trust.gather(signal);
        await this.#registration.start(signal);
        certificate.onChange(() => this.#registration.changed());
        this.#registered.resolve();
        return { stop: () => this.#registration.stop() };
      },
    };
  }
}
