import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { connect, loadKubeconfig } from "@outrigger/kit/client";
import type { LogSource } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { type ClusterOptions, kubeconfigOptions } from "./kubeconfig.ts";

export interface LogsOptions extends ClusterOptions {
  readonly namespace?: string;
  readonly container?: string;
  readonly timestamps?: boolean;
  readonly folder?: string;
  readonly managerNamespace: string;
}

/** Where `outrigger run` keeps logs. */
const LOCAL = ".outrigger/logs";
/** The entry point of the manager's image. */
const ENTRY = ["/usr/local/bin/node", "/outrigger/packages/operator/dist/main.js", "logs"];

/**
 * `outrigger logs job/NAME`: what the archive has of pods, also after they are gone. The folder is on this machine, or in the manager's pod,
 * where `kubectl exec` reads it.
 *
 * @throws CliError when the archive has nothing of it.
 */
export async function logs(target: string, options: LogsOptions): Promise<void> {
  const namespace = options.namespace ?? loadKubeconfig(kubeconfigOptions(options)).namespace;
  const folder = options.folder ?? (existsSync(LOCAL) ? LOCAL : undefined);
  if (folder === undefined) return inManager(target, namespace, options);
  const { bucketSources, CredentialsError, folderSource, NotArchivedError, readBack, S3Error } = await import("@outrigger/operator");
  const { container, timestamps = false } = options;
  const asked = { namespace, target, ...(container === undefined ? {} : { container }), timestamps };
  const print = async (sources: readonly LogSource[]): Promise<void> => {
    for await (const line of readBack(sources, asked)) if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
  };
  try {
    await print([folderSource(resolve(folder))]);
  } catch (error) {
    if (!(error instanceof NotArchivedError)) throw error;
    const client = connect(kubeconfigOptions(options), { userAgent: "outrigger-cli", onWarning: () => {} });
    try {
      // Without the cluster, or its definition, there is no bucket to know of.
      const sources = await bucketSources(client, options.managerNamespace).catch((reason: unknown) => {
        if (reason instanceof CredentialsError) throw reason;
        return [];
      });
      if (sources.length > 0) return await print(sources);
    } catch (reason) {
      if (reason instanceof NotArchivedError) throw notArchived(reason);
      if (reason instanceof S3Error || reason instanceof CredentialsError) throw new CliError(reason.message, { cause: reason });
      throw reason;
    } finally {
      await client.close();
    }
    throw notArchived(error);
  }
}

function notArchived(error: Error): CliError {
  return new CliError(`${error.message}: is there a PodLogArchive that selects its pods?`, { cause: error });
}

async function inManager(target: string, namespace: string, options: LogsOptions): Promise<void> {
  const args = [
    ...(options.kubeconfig === undefined ? [] : ["--kubeconfig", options.kubeconfig]),
    ...(options.context === undefined ? [] : ["--context", options.context]),
    ...["-n", options.managerNamespace, "exec", "deploy/outrigger-manager", "-c", "manager", "--", ...ENTRY],
    ...[`--in-namespace=${namespace}`, `--target=${target}`, `--timestamps=${options.timestamps === true}`],
    ...(options.container === undefined ? [] : [`--container=${options.container}`]),
  ];
  const child = spawn(process.env["KUBECTL"] ?? "kubectl", args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "exit").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new CliError("the manager's pod is read with kubectl, which is not on PATH: --folder names a folder of this machine instead")
      : error;
  })) as [number | null];
  if (code !== 0) throw new CliError(`kubectl could not read the archive in the manager's pod (exit code ${code ?? "none"})`);
}
