// The manager inside a cluster: `node main.js`, its namespace from POD_NAMESPACE, its webhooks behind a Service.
import { runManager } from "./manager/index.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

try {
  await runManager({
    namespace: process.env["POD_NAMESPACE"] ?? "outrigger-system",
    webhook: { mode: "service", host: "::", port: Number(process.env["WEBHOOK_PORT"] ?? 9443) },
    signal: stopping.signal,
    report: (line) => console.error(line),
  });
} catch (error) {
  console.error(`outrigger: ${(error as Error).message}`);
  process.exitCode = 1;
}
