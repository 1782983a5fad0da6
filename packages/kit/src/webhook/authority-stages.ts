import { type CertificateAuthority, createCa, isKeyOf, mergeBundles, renewalTime } from "../pki/index.ts";
import type { SecretData } from "./secrets.ts";

/**
 * The authorities that a Secret holds, and the stage of their rotation:
 *
 *     steady: current              --due-->       next made, trusted, not signing yet
 *     joining: current, next       --settled-->   next signs; the former is still trusted
 *     leaving: current, previous   --settled-->   steady
 *
 * At every moment each leaf that may be served is signed by an authority that every API server has known for
 * `settleMs`.
 */
export interface Authorities {
  readonly current: CertificateAuthority;
  readonly next?: CertificateAuthority;
  /** PEM of the former authority. */
  readonly previous?: string;
  /** When the stage began. */
  readonly since: Date;
}

export interface StageTimes {
  /** Milliseconds in which every API server learns of a bundle. */
  readonly settleMs: number;
  /** Milliseconds for which a former authority is still trusted, so that every replica has taken up its new leaf. */
  readonly leaveMs: number;
}

/** The authorities a moment later: the same object where nothing is to be done. */
export function advance(
  authorities: Authorities | undefined,
  now: Date,
  times: StageTimes,
  commonName: string,
  force = false,
): Authorities {
  if (authorities === undefined) return { current: createCa({ commonName, now }), since: now };
  const { current, next, previous, since } = authorities;
  const age = now.getTime() - since.getTime();
  if (next) return age >= times.settleMs ? { current: next, previous: current.certificate, since: now } : authorities;
  if (previous) return age >= times.leaveMs ? { current, since: now } : authorities;
  return force || now >= renewalTime(current.certificate) ? { current, next: createCa({ commonName, now }), since: now } : authorities;
}

/** What callers must trust in this stage, PEM. */
export function bundleOf({ current, next, previous }: Authorities): string {
  return mergeBundles(current.certificate, next?.certificate ?? "", previous ?? "");
}

/** `undefined` where there are none, or where certificate and key do not belong together. */
export function readAuthorities(data: SecretData | undefined): Authorities | undefined {
  const current = pairIn(data, "ca");
  if (data === undefined || current === undefined) return undefined;
  const next = pairIn(data, "next");
  const since = new Date(data["since"] ?? 0);
  const previous = data["previous.crt"];
  return {
    current,
    ...(next ? { next } : {}),
    ...(previous ? { previous } : {}),
    since: Number.isNaN(since.getTime()) ? new Date(0) : since,
  };
}

export function writeAuthorities({ current, next, previous, since }: Authorities): SecretData {
  return {
    "ca.crt": current.certificate,
    "ca.key": current.key,
    ...(next ? { "next.crt": next.certificate, "next.key": next.key } : {}),
    ...(previous ? { "previous.crt": previous } : {}),
    since: since.toISOString(),
  };
}

function pairIn(data: SecretData | undefined, name: string): CertificateAuthority | undefined {
  const [certificate, key] = [data?.[`${name}.crt`], data?.[`${name}.key`]];
  return certificate && key && isKeyOf(certificate, key) ? { certificate, key } : undefined;
}
