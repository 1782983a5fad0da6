import type { KubeObject } from "@outrigger/kit/api";
import { type Client, ConflictError, dynamicResource, NotFoundError } from "@outrigger/kit/client";
import { isDead } from "./identity.ts";

const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
const LABEL = "outrigger.dev/serves";
/** The certificate that a replica serves, as a fingerprint. */
const CERTIFICATE_ANNOTATION = "outrigger.dev/serving-certificate";
/** The authorities by which its certificate is checked, and that of its next one, PEM. */
const AUTHORITIES_ANNOTATION = "outrigger.dev/serving-authorities";
/** On the leader: fingerprints of the authorities that every API server trusts, with commas between. */
const TRUSTED_ANNOTATION = "outrigger.dev/trusted-authorities";
const RENEW_MS = 5_000;
const LEASE_SECONDS = 20;

interface PresenceLease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string; readonly leaseDurationSeconds?: number };
}

/** What a replica says of itself. */
export interface Announcement {
  /** Fingerprint of the certificate that it serves. */
  readonly certificate: string;
  /** Authorities that API servers must trust because of it, PEM. */
  readonly authorities: string;
  /** Of the leader: fingerprints of the authorities that every API server trusts. */
  readonly trusted: readonly string[];
}

/** Another process that serves the webhooks. `undefined` is what one of an older version does not say. */
export interface Replica {
  readonly identity: string;
  readonly certificate: string | undefined;
  readonly authorities: string | undefined;
  readonly trusted: readonly string[];
}

/**
 * Says that this process serves the webhooks, by a Lease of its own in the manager's namespace, and knows who else does.
 *
 * Guarantees
 * - A process that ends in order takes its Lease away; one that was killed counts as serving for 20 seconds more, or not at
 *   all where it ran on this machine.
 * - What cannot be read or written is tried again every 5 seconds.
 *
 * Assumptions: clocks of replicas differ by less than 15 seconds.
 */
export class Presence {
  readonly #client: Client;
  readonly #key: { readonly namespace: string; readonly name: string };
  readonly #identity: string;
  readonly #onError: (error: unknown) => void;
  #said: Announcement = { certificate: "", authorities: "", trusted: [] };
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(client: Client, namespace: string, identity: string, onError: (error: unknown) => void) {
    this.#client = client;
    this.#identity = identity;
    this.#key = {
      namespace,
      name: `outrigger-serving-${identity
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .slice(-60)
        .replace(/^-/, "")}`,
    };
    this.#onError = onError;
  }

  /** Says what has changed, beside what was said before. Resolves when it is written, or failed for now. */
  announce(changed: Partial<Announcement>): Promise<void> {
    this.#said = { ...this.#said, ...changed };
    return this.#renew();
  }

  get said(): Announcement {
    return this.#said;
  }

  /** The others that serve. @throws StatusError, ConnectionError */
  async others(signal?: AbortSignal): Promise<Replica[]> {
    const leases = await this.#leases(signal);
    return leases.filter(isAlive).map(({ metadata, spec }) => ({
      identity: spec?.holderIdentity ?? "",
      certificate: metadata.annotations?.[CERTIFICATE_ANNOTATION],
      authorities: metadata.annotations?.[AUTHORITIES_ANNOTATION],
      trusted: metadata.annotations?.[TRUSTED_ANNOTATION]?.split(",").filter(Boolean) ?? [],
    }));
  }

  /** Takes away what processes have left that were killed. Never rejects. */
  async sweep(): Promise<void> {
    try {
      const { namespace } = this.#key;
      for (const { metadata } of (await this.#leases()).filter((lease) => !isAlive(lease))) {
        const { name = "", resourceVersion = "" } = metadata;
        await this.#client.delete(Lease, { namespace, name }, { preconditions: { resourceVersion } }).catch((error: unknown) => {
          if (!(error instanceof NotFoundError) && !(error instanceof ConflictError)) throw error;
        });
      }
    } catch (error) {
      this.#onError(error);
    }
  }

  async #leases(signal?: AbortSignal): Promise<PresenceLease[]> {
    const { items } = await this.#client.list(Lease, {
      namespace: this.#key.namespace,
      labelSelector: `${LABEL}=webhooks`,
      ...(signal ? { signal } : {}),
    });
    return (items as unknown as readonly PresenceLease[]).filter(({ metadata }) => metadata.name !== this.#key.name);
  }

  /** Takes the Lease away. Never rejects. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#client.delete(Lease, this.#key, { signal }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) this.#onError(error);
    });
  }

  #renew(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#stopped) return this.#writing;
    this.#timer = setTimeout(() => void this.#renew(), RENEW_MS).unref();
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => {
        if (!this.#stopped && !(error instanceof ConflictError)) this.#onError(error);
      });
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#stopped) return;
    const signal = AbortSignal.timeout(RENEW_MS);
    const { certificate, authorities, trusted } = this.#said;
    const annotations = {
      [CERTIFICATE_ANNOTATION]: certificate,
      [AUTHORITIES_ANNOTATION]: authorities,
      [TRUSTED_ANNOTATION]: trusted.join(","),
    };
    await this.#client.apply(
      Lease,
      {
        apiVersion: Lease.apiVersion,
        kind: Lease.kind,
        metadata: { ...this.#key, labels: { [LABEL]: "webhooks" }, annotations },
        spec: {
          holderIdentity: this.#identity,
          leaseDurationSeconds: LEASE_SECONDS,
          renewTime: `${new Date().toISOString().slice(0, -1)}000Z`,
        },
      } as never,
      { force: true, signal },
    );
  }
}

function isAlive({ spec }: PresenceLease): boolean {
  const until = Date.parse(spec?.renewTime ?? "") + (spec?.leaseDurationSeconds ?? 0) * 1000;
  return until > Date.now() && !isDead(spec?.holderIdentity ?? "");
}
