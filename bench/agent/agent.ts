import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../e2e/free-port.ts";
import { median } from "../contender.ts";
import type { Figure } from "../main.ts";

const ROUNDS = 15;
const AGENT = fileURLToPath(new URL("../../packages/agent/bin/outrigger-agent.js", import.meta.url));

/** From the start of the agent's process until it takes requests, and until it has looked for what an agent before it left; its memory. */
export async function run(): Promise<Figure[]> {
  const state = mkdtempSync(join(tmpdir(), "agent-"));
  const [bare, reached, ready, memory]: [number[], number[], number[], number[]] = [[], [], [], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await started(["-e", "console.log('up'); setTimeout(() => {}, 1e6)"], async ({ word }) => void bare.push(await word));
      const port = await freePort();
      const args = [AGENT, "--interface", "lo", "--host", "127.0.0.1", "--port", String(port), "--state-dir", state];
      await started(args, async ({ began, word, pid }) => {
        while (!(await answers(port)));
        reached.push(performance.now() - began);
        ready.push(await word);
        for (let request = 0; request < 20; request++) await fetch(`http://127.0.0.1:${port}/v1/faults`);
        memory.push(Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
      });
    }
  } finally {
    rmSync(state, { recursive: true });
  }
  const [start, whole, floor, anonymous] = [median(reached), median(ready), median(bare), median(memory)];
  return [
    {
      what: "network-fault agent: from its process' start until it takes requests",
      value: `${start.toFixed(0)} ms, healthy after ${whole.toFixed(0)} ms; a bare Node's first word ${floor.toFixed(0)} ms`,
      goal: "≤ 100 ms",
      met: start <= 100,
    },
    { what: "its anonymous memory after 20 requests", value: `${anonymous.toFixed(1)} MB`, goal: "≤ 30 MB", met: anonymous <= 30 },
  ];
}

interface Started {
  readonly began: number;
  readonly pid: number | undefined;
  /** Milliseconds until it said its first word. */
  readonly word: Promise<number>;
}

/** Starts Node and ends it when the work with it is done. */
async function started(args: readonly string[], work: (node: Started) => Promise<void>): Promise<void> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const early = gone.then((): never => {
    throw new Error(`${args.join(" ")} ended by itself`);
  });
  early.catch(() => {});
  const word = once(child.stdout, "data").then(() => performance.now() - began);
  try {
    await Promise.race([work({ began, pid: child.pid, word }), early]);
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => setTimeout(resolve, 1, false));
  });
}
