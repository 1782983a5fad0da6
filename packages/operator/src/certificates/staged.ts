import { containsAll, inspectCertificate, mergeBundles } from "@outrigger/kit/pki";
import type { OwnCertificate, ServedCertificate } from "@outrigger/kit/webhook";

/** A certificate to serve, that changes. */
export type CertificateSource = Pick<OwnCertificate, "current" | "onChange" | "stop">;

/** A certificate with its key, all PEM. */
export interface Offer {
  /** The certificate, and behind it intermediate ones. */
  readonly certificate: string;
  readonly key: string;
  /** The authorities that callers are to trust. */
  readonly authority: string;
}

export interface StagedOptions {
  /** Whether every API server has trusted these authorities for long enough. */
  readonly trusts: (authorities: string) => Promise<boolean>;
  /** Told why nobody could say whether they are trusted; it is asked again. */
  readonly onError: (error: unknown) => void;
}

const LOOK_MS = 1_000;

/**
 * The certificate that is served, and the next one while API servers do not trust its authority yet.
 *
 * - `current.caBundle` has the authorities of both, so that they can be put into webhook configurations beforehand.
 * - The next one is served at once where its authorities are those of the one before, or that one is past its end.
 */
export class StagedCertificate implements CertificateSource {
  readonly #options: StagedOptions;
  readonly #stopping = new AbortController();
  readonly #listeners: ((certificate: ServedCertificate) => void | Promise<void>)[] = [];
  #served: Offer | undefined;
  #next: Offer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StagedOptions) {
    this.#options = options;
  }

  get current(): ServedCertificate {
    if (!this.#served) throw new Error("there is no certificate yet");
    const { certificate, key, authority } = this.#served;
    return { certificate, key, caBundle: mergeBundles(authority, this.#next?.authority ?? "") };
  }

  /** The certificate that is served, or will be. */
  get latest(): Offer | undefined {
    return this.#next ?? this.#served;
  }

  /** Aborts with `stop`, for whatever makes the offers. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  onChange(listener: (certificate: ServedCertificate) => void | Promise<void>): void {
    this.#listeners.push(listener);
  }

  offer(next: Offer): void {
    if (this.signal.aborted) return;
    const served = this.#served;
    const atOnce = served === undefined || containsAll(served.authority, next.authority) || isOver(served.certificate);
    if (atOnce) this.#serve(next);
    else {
      this.#next = next;
      this.#tell();
      this.#lookSoon();
    }
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  #serve(next: Offer): void {
    this.#served = next;
    this.#next = undefined;
    clearTimeout(this.#timer);
    this.#tell();
  }

  #tell(): void {
    const { current } = this;
    for (const listener of this.#listeners) Promise.resolve(listener(current)).catch(this.#options.onError);
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  async #look(): Promise<void> {
    const next = this.#next;
    if (this.signal.aborted || !next || !this.#served) return;
    const trusted =
      isOver(this.#served.certificate) ||
      (await this.#options.trusts(next.authority).catch((error: unknown) => {
        this.#options.onError(error);
        return false;
      }));
    if (this.signal.aborted) return;
    if (trusted && this.#next === next) this.#serve(next);
    else this.#lookSoon();
  }
}

/** Callers refuse it already. */
function isOver(certificate: string): boolean {
  return inspectCertificate(certificate).notAfter.getTime() <= Date.now();
}
