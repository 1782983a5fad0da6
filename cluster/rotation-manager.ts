// One of several managers behind a Service, as a process of its own, so that it can be killed.
import { runManager } from "@outrigger/operator";

export interface ManagerSettings {
  readonly kubeconfig: string;
  readonly host: string;
  readonly port: number;
  readonly probesPort: number;
  readonly certificate: NonNullable<Parameters<typeof runManager>[0]["certificate"]>;
}

const { kubeconfig, host, port, probesPort, certificate } = JSON.parse(process.argv[2]!) as ManagerSettings;
const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());
process.once("disconnect", () => process.exit(3));

await runManager({
  kubeconfig: { file: kubeconfig },
  namespace: "outrigger-system",
  webhook: { mode: "service", host, port },
  probes: { host: "127.0.0.1", port: probesPort },
  certificate,
  signal: stopping.signal,
  report: (line) => console.error(line),
});
process.exit(0);
