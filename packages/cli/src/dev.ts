import { mkdirSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { Devcluster } from "@outrigger/devcluster";
import { CliError } from "./errors.ts";
import { ReadyFile, whyNotWritten } from "./files.ts";
import type { ManagerProcess } from "./manager-process.ts";

export interface DevOptions {
  readonly port?: number;
  readonly kubeconfig: string;
  readonly readyFile?: string;
  readonly bare?: boolean;
  readonly dataDir?: string;
  readonly tokenAuthFile?: string;
  readonly auditLog?: string;
  readonly auditPolicy?: string;
  readonly manager: boolean;
  readonly quickstart: boolean;
  readonly once?: boolean;
}

/** The namespace of the manager's certificates and templates; the quickstart's manifests name it too. */
const NAMESPACE = "outrigger-system";

/**
 * `outrigger dev`: the devcluster in this process, the manager as a process beside it, and the quickstart's objects.
 * Returns when it was told to stop, or with `--once` when everything is checked.
 *
 * @throws CliError in one line for a port in use, a kubeconfig that cannot be written, and broken promises.
 */
export async function dev(options: DevOptions): Promise<void> {
  const kubeconfigFile = resolve(options.kubeconfig);
  const readyFile = new ReadyFile(options.readyFile);
  const stopped = stopSignal();
  const cluster = await startCluster(options, kubeconfigFile);
  let manager: ManagerProcess | undefined;
  try {
    console.log(`The cluster answers at ${cluster.url} after ${Math.round(performance.now())} ms. In another terminal:\n`);
    console.log(`  export KUBECONFIG=${quoted(kubeconfigFile)}\n`);
    if (options.bare || !options.manager) {
      if (options.once) throw new CliError("--once checks the quickstart, which needs the manager: leave --bare and --no-manager out");
    } else {
      const { ManagerProcess } = await import("./manager-process.ts");
      manager = new ManagerProcess({
        kubeconfigFile,
        namespace: NAMESPACE,
        environment: {
          "io.contiv.tenant": process.env["io.contiv.tenant"] ?? "default",
          "io.contiv.network": process.env["io.contiv.network"] ?? "vlan-202",
        },
        onRestart: (line) => console.error(line),
      });
      await Promise.race([manager.start(), stopped.then(() => undefined)]);
      if (options.quickstart && !stopped.aborted)
        await (await import("./quickstart/index.ts")).quickstart(await cluster.client(), {
          namespace: NAMESPACE,
          check: options.once === true,
        });
    }
    if (options.once) return;
    readyFile.write(`${kubeconfigFile}\n`);
    if (!stopped.aborted)
      console.log(`\nReady. ${relative(process.cwd(), kubeconfigFile) || kubeconfigFile} goes away with it; Ctrl-C stops.`);
    await stopped;
  } finally {
    await manager?.stop();
    await cluster.close();
    readyFile.remove();
  }
}

/** The devcluster, or one line that says why not. */
export async function startCluster(
  options: Pick<DevOptions, "port" | "bare" | "dataDir" | "tokenAuthFile" | "auditLog" | "auditPolicy">,
  kubeconfigFile: string,
): Promise<Devcluster> {
  const { ClusterFileError, DataDirError, KubeconfigInUseError, PortInUseError, startDevcluster } = await import("@outrigger/devcluster");
  try {
    mkdirSync(dirname(kubeconfigFile), { recursive: true });
    const { port, dataDir, tokenAuthFile, auditLog, auditPolicy } = options;
    if (auditPolicy !== undefined && auditLog === undefined) throw new CliError("--audit-policy needs --audit-log FILE", { exitCode: 2 });
    return await startDevcluster({
      ...(port === undefined ? {} : { port }),
      bare: options.bare === true,
      kubeconfigFile,
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(tokenAuthFile === undefined ? {} : { tokenAuthFile }),
      ...(auditLog === undefined ? {} : { audit: { log: auditLog, ...(auditPolicy === undefined ? {} : { policy: auditPolicy }) } }),
    });
  } catch (error) {
    if ([PortInUseError, KubeconfigInUseError, ClusterFileError, DataDirError].some((known) => error instanceof known))
      throw new CliError((error as Error).message, { cause: error });
    const { code = "", path } = error as NodeJS.ErrnoException;
    const why = whyNotWritten(error);
    if (why) {
      const what = path ?? (code === "EACCES" ? `port ${options.port}` : kubeconfigFile);
      throw new CliError(`cannot write ${what} (${why}): choose another place with --kubeconfig FILE, or another port with --port`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Settles at SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
export function stopSignal(): Promise<void> & { readonly aborted: boolean } {
  let aborted = false;
  const promise = new Promise<void>((settle) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (aborted) process.exit(1);
        aborted = true;
        settle();
      });
    }
  });
  return Object.defineProperty(promise, "aborted", { get: () => aborted }) as Promise<void> & { readonly aborted: boolean };
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
