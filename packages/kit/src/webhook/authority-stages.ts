import { type CertificateAuthority, createCa, inspectCertificate, isKeyOf, mergeBundles, renewalTime } from "../pki/index.ts";
import type { SecretData } from "./secrets.ts";

/**
 * The authorities that a Secret holds, and the stage of their rotation:
 *
 *     steady: current              --due-->      next made, trusted, not signing yet
 *     joining: current, next       --joined-->   next signs; the former is still trusted
 *     leaving: current, previous   --left-->     steady
 *
 * At every moment each leaf that may be served is signed by an authority that every API server has known for
 * long enough.
 */
export interface Authorities {
  readonly current: CertificateAuthority;
  readonly next?: CertificateAuthority;
  /** PEM of the former authority. */
  readonly previous?: string;
  /** When the stage began. */
  readonly since: Date;
}

/** What is known of the present stage. */
export interface StageProgress {
  /** Whether this process may begin a rotation, and end a stage. */
  readonly mayAdvance: boolean;
  /** Joining: every API server has known the bundle for long enough. */
  readonly joined: boolean;
  /** Leaving: every replica serves a leaf of the current authority. */
  readonly left: boolean;
  /** Begin to replace the authority, due or not. */
  readonly force: boolean;
}

/**
 * The authorities a moment later: the same object where nothing is to be done. An authority that is not valid at `now`, as after a clock
 * that jumped and came back, or after years without a manager, is replaced at once: nobody can trust what it signs.
 */
export function advance(
  authorities: Authorities | undefined,
  now: Date,
  progress: (authorities: Authorities) => StageProgress,
  commonName: string,
): Authorities {
  if (authorities === undefined || !isValidAt(authorities.current.certificate, now))
    return { current: createCa({ commonName, now }), since: now };
  const { current, next, previous } = authorities;
  if (next && !isValidAt(next.certificate, now)) return { current, since: now };
  const { mayAdvance, joined, left, force } = progress(authorities);
  if (!mayAdvance) return authorities;
  if (next) return joined ? { current: next, previous: current.certificate, since: now } : authorities;
  if (previous) return left ? { current, since: now } : authorities;
  return force || now >= renewalTime(current.certificate) ? { current, next: createCa({ commonName, now }), since: now } : authorities;
}

/** Whether a certificate has begun and not ended. */
export function isValidAt(certificate: string, now: Date): boolean {
  const { notBefore, notAfter } = inspectCertificate(certificate);
  return notBefore <= now && now < notAfter;
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
