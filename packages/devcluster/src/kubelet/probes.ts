import type { Container } from "../objects/index.ts";
import type { ImageStage } from "./stages.ts";

type Probe = NonNullable<Container["readinessProbe"]>;
export type ProbeKind = "readiness" | "liveness" | "startup";

const WORDS: Readonly<Record<ProbeKind, string>> = { readiness: "Readiness", liveness: "Liveness", startup: "Startup" };

/** The container's probe of a kind, where its image's stage makes it fail. */
export function failingProbe(container: Container, stage: ImageStage | undefined, kind: ProbeKind): Probe | undefined {
  return stage?.failingProbes?.includes(kind) ? container[`${kind}Probe`] : undefined;
}

/** Milliseconds from the container's start until the probe fails for the first time, and until it has failed too often. */
export function failureTimes({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: Probe): {
  readonly first: number;
  readonly last: number;
} {
  const first = Math.max(initialDelaySeconds, 1) * 1000;
  return { first, last: first + (failureThreshold - 1) * periodSeconds * 1000 };
}

/** What the event `Unhealthy` says of a probe at whose port nobody listens, or whose command fails. */
export function failureText(kind: ProbeKind, probe: Probe, ip: string): string {
  return `${WORDS[kind]} probe failed: ${because(probe, ip)}`;
}

function because({ httpGet, tcpSocket, grpc }: Probe, ip: string): string {
  const refused = (address: string): string => `dial tcp ${address}: connect: connection refused`;
  if (httpGet) {
    const address = `${httpGet.host ?? ip}:${httpGet.port}`;
    const scheme = (httpGet.scheme ?? "HTTP").toLowerCase();
    return `Get "${scheme}://${address}${httpGet.path ?? "/"}": ${refused(address)}`;
  }
  if (tcpSocket) return refused(`${tcpSocket.host ?? ip}:${tcpSocket.port}`);
  if (grpc) return `timeout: failed to connect service "${ip}:${grpc.port}" within 1s`;
  return "";
}
