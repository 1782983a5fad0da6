import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/**
 * What the guard does: keep the list of processes that it is told, and when its standard input ends, which it does
 * however we end, kill those that are left and remove the folder. A number is taken off the list when its process has
 * ended, since the system may give it to another.
 */
const SCRIPT = `
pids=
while read -r change; do
  case $change in
    +*) pids="$pids \${change#+}" ;;
    -*) left=
       for pid in $pids; do [ "$pid" = "\${change#-}" ] || left="$left $pid"; done
       pids=$left ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`;

/** Ends our processes and removes their folder when this process ends in whatever way, SIGKILL too. */
export class Guard {
  readonly #shell: ChildProcess;

  /** @param folder what to remove at the end. */
  constructor(folder: string) {
    // In a session of its own: Ctrl-C must reach this process alone, which then stops its parts in order.
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT, "guard", folder], { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/" });
    // Without a shell there is no guard; the parts are still stopped by whoever stops them in order.
    this.#shell.on("error", () => {});
    this.#shell.stdin?.on("error", () => {});
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
  }

  watch(pid: number): void {
    this.#shell.stdin?.write(`+${pid}\n`);
  }

  forget(pid: number): void {
    this.#shell.stdin?.write(`-${pid}\n`);
  }

  /** Kills what is left, removes the folder, and resolves when that is done. */
  async end(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#shell;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.#shell.ref();
    const ended = once(this.#shell, "exit");
    this.#shell.stdin?.end();
    await ended;
  }
}
