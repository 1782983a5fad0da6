import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../contender.ts";
import type { Figure } from "../main.ts";

const ROUNDS = 11;
const AGENT = fileURLToPath(new URL("../../packages/agent/bin/outrigger-agent.js", import.meta.url));

/** From the start of the agent's process until it serves, and the memory that it then has for itself; a bare Node beside it. */
export async function run(): Promise<Figure[]> {
  const state = mkdtempSync(join(tmpdir(), "agent-"));
  const [starts, bare, memory]: [number[], number[], number[]] = [[], [], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await timeToWord(["-e", "console.log('up'); setTimeout(() => {}, 1e6)"], async () => {}));
      const port = await freePort();
      starts.push(
        await timeToWord(
          [AGENT, "--interface", "lo", "--host", "127.0.0.1", "--port", String(port), "--state-dir", state],
          async ({ pid }) => {
            for (let request = 0; request < 20; request++) await fetch(`http://127.0.0.1:${port}/v1/faults`);
            memory.push(Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
          },
        ),
      );
    }
  } finally {
    rmSync(state, { recursive: true });
  }
  const [start, floor, anonymous] = [median(starts), median(bare), median(memory)];
  return [
    {
      what: "network-fault agent: from its process' start until it serves",
      value: `${start.toFixed(0)} ms; a bare Node that says a word ${floor.toFixed(0)} ms`,
      goal: "≤ 100 ms",
      met: start <= 100,
    },
    { what: "its anonymous memory after 20 requests", value: `${anonymous.toFixed(1)} MB`, goal: "≤ 30 MB", met: anonymous <= 30 },
  ];
}

/** @returns milliseconds until a Node process says its first word */
async function timeToWord(args: readonly string[], afterwards: (child: ChildProcess) => Promise<void>): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  await Promise.race([
    once(child.stdout!, "data"),
    gone.then(() => {
      throw new Error(`${args.join(" ")} ended without a word`);
    }),
  ]);
  const took = performance.now() - began;
  try {
    await afterwards(child);
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
  return took;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
