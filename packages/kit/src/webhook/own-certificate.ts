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
import {
  type Authorities,
  advance,
  bundleOf,
  isValidAt,
  readAuthorities,
  type StageProgress,
  writeAuthorities,
} from "./authority-stages.ts";
import { agreeOnSecret, type SecretData } from "./secrets.ts";
import { warnOf } from "./warning.ts";

/** Names of replicas that are called otherwise are kept; more of them than this were collected over time. */
const MAX_NAMES = 30;

/** For which names a certificate is issued, and where it is kept. */
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
  /** Milliseconds for which a former authority is trusted after the leaf was changed. Default ten minutes. With `rotation` it is not used. */
  readonly leaveMs?: number;
  /** What the stages of a rotation wait for. Default: for time alone, which does for one process. */
  readonly rotation?: RotationGuard;
  /** Told what failed; it is tried again. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown) => void;
  readonly now?: () => Date;
}

/** What several replicas know together about a rotation. */
export interface RotationGuard {
  /** Whether this replica decides about rotations: one of them does. */
  readonly decides: () => boolean;
  /** For how many milliseconds the bundle has been in force in every configuration, as read back from the API server. */
  readonly inForceMs: (bundle: string) => number;
  /** Whether every replica serves this certificate. */
  readonly servedByAll: (certificate: string) => Promise<boolean>;
}

/** A certificate to serve, and the bundle with which callers check it. */
export interface ServedCertificate extends CertificateAndKey {
  /** PEM; during a rotation more than one authority. */
  readonly caBundle: string;
}

/** A certificate that the program issues to itself and renews. */
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
 * They are made where they are missing, do not belong together, lack a name, or are not valid at the moment; renewed at two thirds
 * of their life. A Secret that somebody made immutable is replaced. A key `rotate` in the authorities' Secret begins a rotation.
 *
 * Needs `get`, `create`, `update` and `delete` of these two Secrets.
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
  /** The authorities at the last look. */
  #last: Authorities | undefined;
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
      const leaf = this.#issue(authorities, found?.["tls.crt"]);
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
    const { caSecretName = "outrigger-webhook-ca", namespace, rotation } = this.#options;
    const last = this.#last;
    const served =
      last?.previous !== undefined &&
      rotation?.decides() === true &&
      this.#current !== undefined &&
      (await rotation.servedByAll(this.current.certificate));
    let result: Authorities | undefined;
    await agreeOnSecret(this.#client, this.#identity(caSecretName), "Opaque", (data) => {
      const found = readAuthorities(data);
      // What was found out counts for the stage in which it was.
      const sameStage = found?.since.getTime() === last?.since.getTime() && found?.current.certificate === last?.current.certificate;
      const asked = force || data?.["rotate"] !== undefined;
      result = advance(found, this.#now(), (one) => this.#progress(one, sameStage && served, asked), `outrigger webhooks of ${namespace}`);
      return result === found ? undefined : writeAuthorities(result);
    });
    if (result === undefined) throw new Error("unreachable: the authorities were decided on");
    this.#last = result;
    return result;
  }

  #progress(authorities: Authorities, served: boolean, force: boolean): StageProgress {
    const { settleMs = 30_000, leaveMs = 600_000, rotation } = this.#options;
    const age = this.#now().getTime() - authorities.since.getTime();
    if (!rotation) return { mayAdvance: true, joined: age >= settleMs, left: age >= leaveMs, force };
    return {
      mayAdvance: rotation.decides(),
      joined: rotation.inForceMs(bundleOf(authorities)) >= settleMs,
      // Connections that were made just before are done by then.
      left: served && age >= settleMs,
      force,
    };
  }

  /** Whether the stored leaf can go on serving: whole, trusted, young enough, and for all our names. */
  #isGood(data: SecretData, { current, next }: Authorities): boolean {
    const [certificate = "", key = ""] = [data["tls.crt"], data["tls.key"]];
    const now = this.#now();
    if (!isKeyOf(certificate, key) || !isValidAt(certificate, now) || now >= renewalTime(certificate)) return false;
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

  /** @param before the leaf that it replaces: its names are kept, for another replica may be called by them */
  #issue({ current }: Authorities, before: string | undefined): CertificateAndKey {
    const { leafValidity = LEAF_VALIDITY } = this.#options;
    const { dnsNames: othersNames, ipAddresses: othersAddresses } = namesOf(before);
    const dnsNames = [...new Set([...this.#options.dnsNames, ...othersNames])].slice(0, MAX_NAMES);
    const ipAddresses = [...new Set([...this.#issuedAddresses(), ...othersAddresses])].slice(0, MAX_NAMES);
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

function namesOf(certificate: string | undefined): { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] } {
  try {
    const { dnsNames, ipAddresses } = inspectCertificate(certificate ?? "");
    return { dnsNames, ipAddresses: ipAddresses.map((address) => address.toLowerCase()) };
  } catch {
    return { dnsNames: [], ipAddresses: [] };
  }
}
