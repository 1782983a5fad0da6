import { resolve } from "node:path";
import { CliError } from "./errors.ts";
import { excludedNamespaces } from "./excluded.ts";
import { ReadyFile } from "./files.ts";
import { type ClusterOptions, kubeconfigOptions } from "./kubeconfig.ts";

export interface RunOptions extends ClusterOptions {
  readonly namespace: string;
  readonly excludedNamespaces?: string;
  readonly features?: string;
  readonly logFolder: string;
  readonly offerEnvironment?: string;
  readonly istioLabels?: boolean;
  readonly webhookHost: string;
  readonly webhookPort?: number;
  readonly webhookClientCa?: string;
  readonly readyFile?: string;
}

/**
 * `outrigger run`: the manager in this process, until it is told to stop. As a child of `outrigger dev` it also stops when
 * its parent is gone, and tells the parent when it is ready.
 */
export async function run(options: RunOptions): Promise<void> {
  const excluded = await excludedNamespaces(options);
  const readyFile = new ReadyFile(options.readyFile);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  process.on("disconnect", () => stopping.abort());
  const { offered, parseNames, runManager, UnknownFeatureError } = await import("@outrigger/operator");
  try {
    await runManager({
      kubeconfig: kubeconfigOptions(options),
      namespace: options.namespace,
      ...excluded,
      features: parseNames(options.features ?? ""),
      logFolder: resolve(options.logFolder),
      istioLabels: options.istioLabels === true,
      environment: offered(process.env, parseNames(options.offerEnvironment ?? "")),
      webhook: { mode: "url", host: options.webhookHost, port: options.webhookPort ?? 0 },
      ...(options.webhookClientCa === undefined ? {} : { webhookClientCa: options.webhookClientCa }),
      temporary: true,
      signal: stopping.signal,
      report: (line) => console.error(line),
      onReady: () => {
        readyFile.write("ready\n");
        if (process.send) process.send("ready");
        else console.log("The manager is ready; Ctrl-C stops it and takes its webhook entries away.");
      },
    });
  } catch (error) {
    if (error instanceof UnknownFeatureError) throw new CliError(`--features: ${error.message}`, { exitCode: 2, cause: error });
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw new CliError(`port ${options.webhookPort} on ${options.webhookHost} is in use: choose another with --webhook-port`, {
        cause: error,
      });
    if ((error as NodeJS.ErrnoException).code === "EADDRNOTAVAIL")
      throw new CliError(
        `${options.webhookHost} is no address of this machine: give one with --webhook-host that the cluster's API server reaches`,
        { cause: error },
      );
    throw error;
  } finally {
    readyFile.remove();
    if (process.connected) process.disconnect();
  }
}
