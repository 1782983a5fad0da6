// The manager inside a cluster: `node main.js`, its namespace from POD_NAMESPACE, the namespaces into whose pods
// it injects nothing from EXCLUDED_NAMESPACES and optional features from FEATURES (with commas between), its webhooks behind a Service.
import { parseNames, parseNamespaces, runManager } from "./manager/index.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

try {
  const excluded = process.env["EXCLUDED_NAMESPACES"];
  await runManager({
    namespace: process.env["POD_NAMESPACE"] ?? "outrigger-system",
    ...(excluded === undefined ? {} : { excludedNamespaces: parseNamespaces(excluded) }),
    features: parseNames(process.env["FEATURES"] ?? ""),
    webhook: { mode: "service", host: "::", port: Number(process.env["WEBHOOK_PORT"] ?? 9443) },
    signal: stopping.signal,
    report: (line) => console.error(line),
  });
} catch (error) {
  console.error(`outrigger: ${(error as Error).message}`);
  process.exitCode = 1;
}
