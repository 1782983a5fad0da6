import { spawn } from "node:child_process";
import { join } from "node:path";
import { LongTimer } from "../queue/index.ts";
import { KubeconfigError } from "./errors.ts";
import type { ExecCredentialSource } from "./exec-source.ts";

/** A plugin that hangs must not hang every request with it. */
const TIMEOUT_MS = 60_000;
/** A person may have to find a key or a telephone. */
const INTERACTIVE_TIMEOUT_MS = 300_000;
const MAX_OUTPUT = 1 << 20;

/**
 * Runs a credential plugin and gives what it printed.
 *
 * @param timeoutMs until it is ended, with whatever it started. Default 60 s, 5 min where it may ask a person.
 * @throws KubeconfigError
 */
export function runPlugin(source: ExecCredentialSource, timeoutMs?: number): Promise<string> {
  const { command, args, env, apiVersion, cluster, installHint, interactiveMode, folder } = source;
  const isTerminal = process.stdin.isTTY === true;
  const wrong = (field: string, problem: string, cause?: unknown): KubeconfigError =>
    new KubeconfigError(source.source, `${source.field}.${field}`, problem, cause);
  if (interactiveMode === "Always" && !isTerminal)
    return Promise.reject(wrong("interactiveMode", "is Always, and standard input is no terminal: there is nobody to ask"));
  const interactive = interactiveMode !== "Never" && isTerminal;
  const limitMs = timeoutMs ?? (interactive ? INTERACTIVE_TIMEOUT_MS : TIMEOUT_MS);
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { ...(cluster ? { cluster } : {}), interactive } });
  // A bare name is found on PATH; anything with a slash is relative to the kubeconfig.
  const file = command.includes("/") && !command.startsWith("/") ? join(folder, command) : command;

  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
      stdio: [interactive ? "inherit" : "ignore", "pipe", interactive ? "inherit" : "pipe"],
      // A group of its own, so that what it started ends with it; on a terminal it must stay in the foreground's.
      detached: !interactive && process.platform !== "win32",
    });
    let stdout = "";
    let stderr = "";
    let problem: string | undefined;
    const end = (why: string): void => {
      problem ??= why;
      kill(child.pid, !interactive);
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = new LongTimer(() => end(`gave no answer in ${limitMs / 1000} s`), limitMs);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > MAX_OUTPUT) end("printed more than a megabyte");
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-10_000);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      timer.cancel();
      const hint = installHint ? ` (${printable(installHint)})` : "";
      reject(
        wrong("command", `${command} ${error.code === "ENOENT" ? `is not installed${hint}` : `cannot be run: ${error.message}`}`, error),
      );
    });
    child.once("close", (code, signal) => {
      timer.cancel();
      if (problem === undefined && code === 0) return resolve(stdout);
      const said = printable(stderr.trim().split("\n").slice(-3).join("; "));
      reject(wrong("command", `${command} ${problem ?? `failed: ${said || (signal ?? `exit code ${code}`)}`}`));
    });
  });
}

function kill(pid: number | undefined, group: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(group && process.platform !== "win32" ? -pid : pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

/** What a program or a kubeconfig says, without what would steer the terminal. */
function printable(text: string): string {
  return text.trim().replace(/[\p{Cc}\p{Cf}]+/gu, " ");
}
