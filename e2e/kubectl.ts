import { execFile } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A kubectl bound to one kubeconfig. */
export interface Kubectl {
  readonly path: string;
  /** Runs it and gives what it printed. @throws Error with its stderr when it fails. */
  (...args: string[]): Promise<string>;
  /** Runs it and gives everything, however it ended. */
  try(...args: string[]): Promise<Ran>;
  /** As `try`, with standard input. */
  feed(stdin: string, ...args: string[]): Promise<Ran>;
}

/** Binds a kubectl binary to a kubeconfig; its caches lie beside the kubeconfig. */
export function kubectlFor(kubeconfigFile: string, path = kubectlPath()): Kubectl {
  const run = (args: string[], stdin?: string): Promise<Ran> =>
    new Promise((resolve) => {
      const env = {
        ...process.env,
        KUBECONFIG: kubeconfigFile,
        KUBECACHEDIR: join(dirname(kubeconfigFile), "cache"),
        TZ: "UTC",
        KUBECTL_KUBERC: "false",
      };
      const child = execFile(path, args, { env, maxBuffer: 64 << 20, timeout: 90_000 }, (error, stdout, stderr) => {
        resolve({ exitCode: error ? (typeof error.code === "number" ? error.code : 1) : 0, stdout, stderr });
      });
      child.stdin?.end(stdin ?? "");
    });
  const call = async (...args: string[]): Promise<string> => {
    const ran = await run(args);
    if (ran.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${ran.stderr.trim() || `exit code ${ran.exitCode}`}`);
    return ran.stdout;
  };
  return Object.assign(call, { path, try: (...args: string[]) => run(args), feed: (stdin: string, ...args: string[]) => run(args, stdin) });
}

/** The kubectl to test with: `KUBECTL`, or the one on PATH. @throws Error that says what to do when there is none. */
export function kubectlPath(): string {
  const named = process.env["KUBECTL"];
  if (named) {
    if (!existsSync(named)) throw new Error(`no kubectl: KUBECTL names ${named}, which does not exist`);
    return named;
  }
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    if (folder && existsSync(join(folder, "kubectl"))) return join(folder, "kubectl");
  throw new Error("no kubectl: put one on PATH or name it with KUBECTL; these tests cannot run without");
}

/** Every kubectl at hand, the one to test with first, then others that lie beside it as `kubectl.1.27` and so on. */
export function kubectlPaths(): string[] {
  const first = kubectlPath();
  // By their real paths, so that one reached through a link is not tested twice.
  const found = new Map([[realpathSync(first), first]]);
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const one = join(folder, "kubectl");
    if (!folder || !existsSync(one)) continue;
    const real = realpathSync(one);
    if (!found.has(real)) found.set(real, real);
    for (const name of readdirSync(dirname(real))) {
      const sibling = join(dirname(real), name);
      if (/^kubectl\.1\.\d+$/.test(name) && !found.has(realpathSync(sibling))) found.set(realpathSync(sibling), sibling);
    }
  }
  return [...found.values()];
}
