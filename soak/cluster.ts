import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type Client, connect } from "@outrigger/kit/client";
import { eventually, startTestCluster } from "@outrigger/testing";

export interface SoakCluster {
  readonly kind: string;
  readonly client: Client;
  /** Ends the API server and starts it again, where it is a process that may be. */
  readonly restart: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** @param kubeconfigFile of a cluster that is there; else one is started: real Kubernetes from KUBEBUILDER_ASSETS, or a devcluster. */
export async function soakCluster(kubeconfigFile: string | undefined): Promise<SoakCluster> {
  if (kubeconfigFile !== undefined) {
    const client = connect({ file: kubeconfigFile });
    return { kind: "existing", client, restart: undefined, close: () => client.close() };
  }
  const cluster = await startTestCluster({ bare: true });
  const client = connect({ text: cluster.kubeconfig });
  let server = cluster.kind === "real" ? apiServerProcess() : undefined;
  let own: ChildProcess | undefined;
  return {
    kind: cluster.kind,
    client,
    restart: server
      ? async () => {
          process.kill(server!.pid, "SIGTERM");
          // It would wait for its last watcher.
          await eventually(() => !isRunning(server!.pid), { timeoutMs: 3000 }).catch(() => process.kill(server!.pid, "SIGKILL"));
          own = spawn(server!.command, server!.args, { cwd: server!.folder, stdio: "ignore" });
          server = { ...server!, pid: own.pid! };
          await eventually(async () => (await client.request({ method: "GET", path: "/readyz" })) === "ok", { timeoutMs: 60_000 });
        }
      : undefined,
    async close() {
      await client.close();
      if (own && own.exitCode === null) {
        own.kill("SIGKILL");
        await once(own, "exit");
      }
      await cluster.close();
    },
  };
}

interface ServerProcess {
  readonly pid: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
}

/** The API server that this process started. */
function apiServerProcess(): ServerProcess | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ")[1];
      const [command = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      if (Number(parent) === process.pid && command.endsWith("/kube-apiserver"))
        return { pid: Number(pid), command, args, folder: readlinkSync(`/proc/${pid}/cwd`) };
    } catch {
      // It ended meanwhile.
    }
  }
  return undefined;
}

function isRunning(pid: number): boolean {
  try {
    // A child that has ended stays there, as a zombie, until its parent has heard of it.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
