import type { Client } from "../client/index.ts";
import {
  type CertificateAndKey,
  inspectCertificate,
  isIssuedBy,
  isKeyOf,
  issueCertificate,
  LEAF_VALIDITY,
  renewalTime,
} from "../pki/index.ts";
import { LongTimer } from "../queue/index.ts";
import { type Authorities, advance, bundleOf, readAuthorities, writeAuthorities } from "./authority-stages.ts";
import { agreeOnSecret, type SecretData } from "./secrets.ts";
import { warnOf } from "./warning.ts";

export interface OwnCertificateOptions {
  /** Where the Secrets are kept: the manager's namespace. */
  readonly namespace: string;
  /** Secret with `ca.crt` (the bundle), `tls.crt`, `tls.key`. Default `outrigger-webhook-tls`. */
  readonly secretName?: string;
  /** Secret with the authorities and their keys. Default `outrigger-webhook-ca`. */
  readonly caSecretName?: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Labels of the Secrets when they are made. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds; at most a year, which is the default. */
  readonly leafValidity?: number;
  /** Milliseconds between two looks at the Secrets. Default 10,000. */
  readonly pollMs?: number;
  /** Milliseconds in which every API server learns of a changed bundle. Default 30,000. */
  readonly settleMs?: number;
  /** Milliseconds for which a former authority is trusted after the leaf was changed. Default ten minutes. */
  readonly leaveMs?: number;
  /** Told what failed; it is tried again. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown) => void;
  readonly now?: () => Date;
}

/** A certificate to serve, and the bundle with which callers check it. */
export interface ServedCertificate extends CertificateAndKey {
  /** PEM; during a rotation more than one authority. */
  readonly caBundle: string;
}

export interface OwnCertificate {
  readonly current: ServedCertificate;
  /** Called with each new certificate or bundle. The next stage of a rotation waits for the promise that it returns. */
  onChange(listener: (certificate: ServedCertificate) => void | Promise<void>): void;
  /** Looks at the Secrets now, and renews what is due. */
  refresh(): Promise<ServedCertificate>;
  /** Begins to replace the authority, in the stages of `authority-stages.ts`. */
  rotate(): Promise<void>;
  /** Stops looking. */
  stop(): void;
}

/**
 * An authority and a leaf of our own, kept in two Secrets on which all replicas agree through their resource versions.
 * They are made where they are missing, do not belong together or lack a name; renewed at two thirds of their life.
 *
 * Needs `get`, `create` and `update` of these two Secrets.
 */
export async function ownCertificate(client: Client, options: OwnCertificateOptions): Promise<OwnCertificate> {
  const keeper = new CertificateKeeper(client, options);
  await keeper.refresh();
  keeper.poll();
  return keeper;
}

class CertificateKeeper implements OwnCertificate {
  readonly #client: Client;
  readonly #options: OwnCertificateOptions;
  readonly #listeners: ((certificate: ServedCertificate) => void | Promise<void>)[] = [];
  #current: ServedCertificate | undefined;
  #timer: LongTimer | undefined;
  #stopped = false;
  /** One look at a time. */
  #pending: Promise<unknown> = Promise.resolve();

  constructor(client: Client, options: OwnCertificateOptions) {
    this.#client = client;
    this.#options = options;
  }

  get current(): ServedCertificate {
    if (!this.#current) throw new Error("there is no certificate yet");
    return this.#current;
  }

  onChange(listener: (certificate: ServedCertificate) => void | Promise<void>): void {
    this.#listeners.push(listener);
  }

  refresh(): Promise<ServedCertificate> {
    return this.#inTurn(() => this.#look(false));
  }

  async rotate(): Promise<void> {
    await this.#inTurn(() => this.#look(true));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  poll(): void {
    if (this.#stopped) return;
    this.#timer = new LongTimer(() => {
      this.refresh().then(
        () => this.poll(),
        (error: unknown) => {
          // Stopped meanwhile, its client may be closed.
          if (!this.#stopped) (this.#options.onError ?? ((failure) => warnOf(failure, "looking after the certificate")))(error);
          this.poll();
        },
      );
    }, this.#options.pollMs ?? 10_000).unref();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#pending.then(work);
    this.#pending = result.catch(() => {});
    return result;
  }

  async #look(force: boolean): Promise<ServedCertificate> {
    const authorities = await this.#authorities(force);
    const caBundle = bundleOf(authorities);
    const { secretName = "outrigger-webhook-tls" } = this.#options;
    const data = await agreeOnSecret(this.#client, this.#identity(secretName), "kubernetes.io/tls", (found) => {
      const kept = found && this.#isGood(found, authorities);
      if (kept && found["ca.crt"] === caBundle) return undefined;
      if (kept) return { ...found, "ca.crt": caBundle };
      const leaf = this.#issue(authorities);
      return { "ca.crt": caBundle, "tls.crt": leaf.certificate, "tls.key": leaf.key };
    });
    const seen = { certificate: data["tls.crt"] ?? "", key: data["tls.key"] ?? "", caBundle };
    const before = this.#current;
    if (before && before.certificate === seen.certificate && before.caBundle === seen.caBundle) return before;
    this.#current = seen;
    for (const listener of this.#listeners) await listener(seen);
    return seen;
  }

  async #authorities(force: boolean): Promise<Authorities> {
    const { caSecretName = "outrigger-webhook-ca", settleMs = 30_000, leaveMs = 600_000, namespace } = this.#options;
    let result: Authorities | undefined;
    await agreeOnSecret(this.#client, this.#identity(caSecretName), "Opaque", (data) => {
      const found = readAuthorities(data);
      result = advance(found, this.#now(), { settleMs, leaveMs }, `outrigger webhooks of ${namespace}`, force);
      return result === found ? undefined : writeAuthorities(result);
    });
    if (result === undefined) throw new Error("unreachable: the authorities were decided on");
    return result;
  }

  /** Whether the stored leaf can go on serving: whole, trusted, young enough, and for all our names. */
  #isGood(data: SecretData, { current, next }: Authorities): boolean {
    const [certificate = "", key = ""] = [data["tls.crt"], data["tls.key"]];
    if (!isKeyOf(certificate, key) || this.#now() >= renewalTime(certificate)) return false;
    // While the next authority joins, only the current one has been known for long enough.
    if (!isIssuedBy(certificate, current.certificate)) return next !== undefined && isIssuedBy(certificate, next.certificate);
    const facts = inspectCertificate(certificate);
    const addresses = new Set(facts.ipAddresses.map((address) => address.toLowerCase()));
    const wanted = this.#issuedAddresses();
    return this.#options.dnsNames.every((name) => facts.dnsNames.includes(name)) && wanted.every((address) => addresses.has(address));
  }

  /** Addresses as certificates show them: IPv6 in full, hexadecimal groups without leading zeros. */
  #issuedAddresses(): string[] {
    return (this.#options.ipAddresses ?? []).map((address) => {
      if (!address.includes(":")) return address;
      const [left = "", right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
      const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
      if (right === undefined) return groups(left).join(":");
      const [head, tail] = [groups(left), groups(right)];
      return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail].join(":");
    });
  }

  #issue({ current }: Authorities): CertificateAndKey {
    const { dnsNames, ipAddresses = [], leafValidity = LEAF_VALIDITY } = this.#options;
    return issueCertificate(current, {
      commonName: dnsNames[0] ?? ipAddresses[0] ?? "webhook",
      dnsNames,
      ipAddresses,
      usages: ["server auth"],
      validity: leafValidity,
      now: this.#now(),
    });
  }

  #identity(name: string): { namespace: string; name: string; labels: Readonly<Record<string, string>> } {
    return { namespace: this.#options.namespace, name, labels: this.#options.labels ?? {} };
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}
