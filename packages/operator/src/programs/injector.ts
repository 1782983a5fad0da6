import { jsonLog } from "@outrigger/kit/manager";
import { runInjector } from "../injector/index.ts";
import { type FlagValues, port, UsageError } from "./flags.ts";
import type { INJECTOR_FLAGS } from "./injector-flags.ts";

/** The injector inside a cluster, configured by mounted files. */
export async function run(values: FlagValues<typeof INJECTOR_FLAGS>, signal: AbortSignal): Promise<void> {
  if (!/^\d+$/.test(values.v)) throw new UsageError(`-v is ${JSON.stringify(values.v)}: a verbosity is a whole number`);
  await runInjector({
    configFile: values.sidecarCfgFile,
    certificateFile: values.tlsCertFile,
    keyFile: values.tlsKeyFile,
    port: port("port", values.port),
    log: jsonLog("outrigger-injector", Number(values.v) > 0 ? "debug" : "info"),
    signal,
  });
}
