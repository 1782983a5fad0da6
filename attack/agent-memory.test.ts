import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";

/*
 * The agent shares its pod with the app, and its container has a limit of 128 MiB. Whoever reaches its port sends what it may
 * send. The kernel counts and kills here, as it does in a pod.
 */

const LIMIT = 128 * 1024 * 1024;
const REQUESTS = 10_000;
/** The attack ends then, however many requests a busy machine has sent. */
const AT_MOST_MS = 25_000;
const agentFolder = join(import.meta.dirname, "../packages/agent");

/** A control group with a memory limit, of either version of the interface. */
interface MemoryGroup {
  readonly procs: string;
  /** Processes that the kernel killed for want of memory. */
  kills(): number;
  /** The highest use so far, bytes, page cache included. */
  peak(): number;
  remove(): void;
}

/** @returns why there can be none: without root, or where the parent does not hand the memory controller down */
function memoryGroup(): MemoryGroup | string {
  const [v1, v2] = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const isV2 = existsSync(`${v2}/cgroup.controllers`);
  const parent = isV2 ? v2 : v1;
  const folder = join(parent, `outrigger-attack-${process.pid}`);
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const counted = (file: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(read(file))?.[1] ?? 0);
  try {
    mkdirSync(folder);
    try {
      writeFileSync(join(folder, isV2 ? "memory.max" : "memory.limit_in_bytes"), String(LIMIT));
    } catch (error) {
      rmdirSync(folder);
      throw error;
    }
  } catch (error) {
    return `no control group with a memory limit can be made here: ${(error as Error).message}`;
  }
  // No way out by swapping; a machine without swap has no such file, or refuses.
  try {
    writeFileSync(join(folder, isV2 ? "memory.swap.max" : "memory.swappiness"), "0");
  } catch {}
  return {
    procs: join(folder, "cgroup.procs"),
    kills: () => (isV2 ? counted("memory.events", "oom_kill") : counted("memory.oom_control", "oom_kill")),
    peak: () => Number(read(isV2 ? "memory.peak" : "memory.max_usage_in_bytes")),
    remove: () => rmdirSync(folder),
  };
}

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The agent with the flags of its image, over a kernel that is a model. @returns the process and its port */
async function startAgent(group: MemoryGroup): Promise<{ child: ChildProcess; port: number }> {
  const state = mkdtempSync(join(tmpdir(), "agent-"));
  ends.push(() => rmSync(state, { recursive: true, force: true }));
  const flags = /"node", (.*), "[^"]*outrigger-agent.js"/.exec(readFileSync(join(agentFolder, "Dockerfile"), "utf8"))?.[1] ?? "";
  const program = [process.execPath, ...(JSON.parse(`[${flags}]`) as string[]), "--conditions=source"];
  const child = spawn(
    "sh",
    ["-c", 'echo $$ >"$0" && exec "$@"', group.procs, ...program, join(agentFolder, "test/serving-agent.ts"), state],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const ended = once(child, "exit").then(([code, signal]) => Promise.reject(new Error(`the agent ended: ${code ?? signal}`)));
  ended.catch(() => {});
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended])) as [string];
  return { child, port: Number(line) };
}

test("10,000 requests of 65 kB leave the agent alive in a control group of 128 MiB", { timeout: 60_000 }, async ({ skip }) => {
  const limited = memoryGroup();
  if (typeof limited === "string") return skip(limited);
  ends.push(() => limited.remove());
  const { child, port } = await startAgent(limited);
  const until = performance.now() + AT_MOST_MS;

  const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
  ends.push(() => agent.destroy());
  const ask = (method: string, path: string, body?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, method, path, agent }, (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
      });
      sent.once("error", reject);
      sent.setTimeout(5_000, () => sent.destroy());
      sent.end(body);
    });
  const body = JSON.stringify({ delay: { time: "20ms" } }).padEnd(65_000);
  const statuses = new Map<number, number>();
  let sent = 0;
  const attack = async (requests: number, connections: number): Promise<void> => {
    const last = sent + requests;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (sent < last && performance.now() < until) {
          // A refused request's connection is closed while its body is still being sent.
          const status = await ask("PUT", `/v1/faults/f${sent++ % 20}`, body).catch(() => 0);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }),
    );
  };
  await attack(REQUESTS / 2, 200);
  // Bodies that stay under way hold what the agent lets them hold. All at once they are more than its limit.
  const held = Array.from({ length: 3_000 }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.write(`PUT /v1/faults/held HTTP/1.1\r\nhost: pod\r\ncontent-length: 65000\r\n\r\n${" ".repeat(64_000)}`);
    return socket;
  });
  ends.push(() => {
    for (const socket of held) socket.destroy();
  });
  await attack(REQUESTS / 2, 2_000);
  expect({ kills: limited.kills(), exit: child.exitCode, signal: child.signalCode }).toEqual({ kills: 0, exit: null, signal: null });
  expect(limited.peak()).toBeLessThanOrEqual(LIMIT);
  const answered = [200, 201, 409].reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
  expect(answered, JSON.stringify([...statuses])).toBeGreaterThan(50);
  for (const socket of held) socket.destroy();
  await expect.poll(() => ask("GET", "/healthz").catch(() => 0), { timeout: 10_000 }).toBe(200);
});
