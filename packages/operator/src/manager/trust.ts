import { createHash } from "node:crypto";
import { certificatesIn, isTrustedBy, mergeBundles } from "@outrigger/kit/pki";
import type { ServedCertificate } from "@outrigger/kit/webhook";
import type { Presence, Replica } from "./presence.ts";

export interface TrustParts {
  readonly presence: Pick<Presence, "others" | "announce" | "said">;
  readonly served: () => ServedCertificate;
  /** Whether this process keeps the webhook configurations. */
  readonly keeps: () => boolean;
  /** For how many milliseconds these authorities have been in every configuration. */
  readonly inForceMs: (authorities: string) => number;
  /** The bundle has changed. */
  readonly changed: () => void;
  /** Milliseconds in which every API server learns of a changed configuration. */
  readonly settleMs: number;
  readonly report: (line: string) => void;
}

const LOOK_MS = 1_000;

/**
 * The authorities that API servers must trust, wherever each replica has its certificate from.
 *
 * - Each replica announces the authorities of its certificate, and of the next one.
 * - The leader puts those of all replicas into the configurations, and announces which have been there for long enough.
 * - A replica serves a certificate of another authority, and becomes ready, once the leader says so.
 */
export class Trust {
  readonly #parts: TrustParts;
  #others = "";
  #accepted = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #reported = "";

  constructor(parts: TrustParts) {
    this.#parts = parts;
  }

  /** PEM, for every configuration. */
  get bundle(): string {
    return mergeBundles(this.#parts.served().caBundle, this.#others);
  }

  /** Whether API servers accept a certificate of these authorities from any replica. */
  async trusts(authorities: string): Promise<boolean> {
    const { keeps, inForceMs, settleMs, presence } = this.#parts;
    if (keeps()) return inForceMs(authorities) >= settleMs;
    const wanted = certificatesIn(authorities).map(fingerprint);
    return (await presence.others()).some(({ trusted }) => wanted.every((one) => trusted.includes(one)));
  }

  /** Why API servers would refuse the certificate of this replica. Once they accept it, they accept those that follow. */
  unready(): string | undefined {
    if (this.#accepted || this.#parts.keeps()) return undefined;
    return "the webhook configurations do not trust the authority of this replica's certificate yet; the leader adds it";
  }

  /** Reads what the others need. The leader does so before it first writes. */
  async gather(signal?: AbortSignal): Promise<readonly Replica[]> {
    const others = await this.#parts.presence.others(signal);
    // In one order, so that a change of the leader changes nothing.
    const needed = [...new Set(others.flatMap(({ authorities = "" }) => certificatesIn(authorities)))].sort().join("");
    if (needed !== this.#others) {
      this.#others = needed;
      this.#parts.changed();
    }
    return others;
  }

  start(): void {
    this.#timer = setTimeout(async () => {
      try {
        await this.#look();
        this.#reported = "";
      } catch (error) {
        const { message } = error as Error;
        if (message !== this.#reported && !this.#stopped) this.#parts.report(`the Leases of the replicas: ${message}`);
        this.#reported = message;
      }
      if (!this.#stopped) this.start();
    }, LOOK_MS).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { presence, keeps } = this.#parts;
    if (keeps()) {
      await this.gather();
      await this.#announce(this.#trusted());
      return;
    }
    await this.#announce([]);
    if (!this.#accepted) this.#accepted = this.#isAccepted(await presence.others());
  }

  async #announce(trusted: readonly string[]): Promise<void> {
    const { presence } = this.#parts;
    if (presence.said.trusted.join() !== trusted.join()) await presence.announce({ trusted });
  }

  #trusted(): string[] {
    const { served, inForceMs, settleMs } = this.#parts;
    const { certificate } = served();
    // That of the leader's own certificate is trusted, or nothing works.
    const known = certificatesIn(this.bundle).filter((one) => isTrustedBy(certificate, one) || inForceMs(one) >= settleMs);
    return known.map(fingerprint);
  }

  #isAccepted(others: readonly Replica[]): boolean {
    const { certificate, caBundle } = this.#parts.served();
    const known = new Set(others.flatMap(({ trusted }) => trusted));
    const accepted = certificatesIn(caBundle).some((one) => known.has(fingerprint(one)) && isTrustedBy(certificate, one));
    // One of an older version says nothing, and has its certificate from the same Secret.
    return accepted || others.some(({ authorities }) => authorities === undefined);
  }
}

/** Tells certificates apart, in few characters. */
export function fingerprint(certificate: string): string {
  return createHash("sha256").update(certificate).digest("hex").slice(0, 16);
}
