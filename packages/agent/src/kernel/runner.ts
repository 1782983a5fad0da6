import { spawn } from "node:child_process";
import type { Command } from "./commands.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs one command and reads what it says; rejects when it cannot be run at all. */
export type Runner = (command: Command) => Promise<Outcome>;

const TIME_LIMIT_MS = 10_000;

/** Runs commands as they are, without a shell. */
export const run: Runner = ({ argv: [program = "", ...args], input }) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: TIME_LIMIT_MS, killSignal: "SIGKILL" });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 124, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input?.() ?? "");
  });

/** A command that the kernel, or its tool, refused. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly code = "ERR_KERNEL";
}

/** What failed, in words that say what to do where that is known. */
export function explain({ argv: whole, parts }: Command, { code, stderr }: Outcome): string {
  // tc names the line of a batch that failed.
  const argv = parts?.[Number(/^Command failed -:(\d+)/m.exec(stderr)?.[1]) - 1]?.argv ?? whole;
  const words = stderr
    .trim()
    .replaceAll(/\s*\n\s*/g, "; ")
    .slice(0, 300);
  const line = argv.join(" ");
  if (/qdisc kind is unknown|Specified qdisc kind/.test(stderr))
    return `${line}: the kernel has no sch_${kindOf(argv)}: load the module on the node (modprobe sch_${kindOf(argv)})`;
  if (/Operation not permitted|RTNETLINK answers: Permission/.test(stderr))
    return `${line}: no permission: the container needs the capability NET_ADMIN`;
  if (/Unknown device type|not supported/.test(stderr) && argv.includes("ifb"))
    return `${line}: the kernel has no ifb, without which ingress cannot be disturbed: load the module on the node (modprobe ifb)`;
  return `${line}: exit code ${code}${words === "" ? "" : `: ${words}`}`;
}

function kindOf(argv: readonly string[]): string {
  return ["netem", "tbf", "prio", "ingress", "pfifo"].find((kind) => argv.includes(kind)) ?? "netem";
}
