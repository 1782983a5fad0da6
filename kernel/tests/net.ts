// Network namespaces that stand for pods, joined to the tests' own by pairs of veth.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
export const sh = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: "utf8" });
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition; the message says what did not come. */
export async function until(what: string, condition: () => unknown | Promise<unknown>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await pause(200);
  }
}

/** A network namespace with one device `eth0`, reached from here at `address` and `address6`. */
export class Pod {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** Ours, on the same wire. */
  readonly peer: string;
  readonly otherPeer: string;
  readonly #children: ChildProcess[] = [];
  readonly state: string;

  constructor(name: string, number: number) {
    this.name = name;
    [this.address, this.peer, this.otherPeer] = [`10.9.${number}.1`, `10.9.${number}.2`, `10.9.${number}.3`];
    this.address6 = `fd00:${number}::1`;
    this.state = mkdtempSync("/tmp/agent-");
    sh("ip", "netns", "add", name);
    sh("ip", "link", "add", `v${name}`, "type", "veth", "peer", "name", "eth0", "netns", name);
    sh("ip", "-n", name, "link", "set", "lo", "up");
    for (const address of [`${this.address}/24`, `${this.address6}/64`])
      this.ip("addr", "add", address, "dev", "eth0", ...(address.includes(":") ? ["nodad"] : []));
    for (const address of [`${this.peer}/24`, `${this.otherPeer}/24`, `fd00:${number}::2/64`])
      sh("ip", "addr", "add", address, "dev", `v${name}`, ...(address.includes(":") ? ["nodad"] : []));
    this.ip("link", "set", "eth0", "up");
    sh("ip", "link", "set", `v${name}`, "up");
    this.ip("route", "add", "default", "via", this.peer);
  }

  ip(...args: string[]): string {
    return sh("ip", "-n", this.name, ...args);
  }
  inside(program: string, ...args: string[]): string {
    return sh("ip", "netns", "exec", this.name, program, ...args);
  }

  spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.name, program, ...args], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env },
      detached: true,
    });
    this.#children.push(child);
    return child;
  }

  /** Starts the agent, alone or under its watchdog, and waits until it answers. */
  async agent({
    watchdog = false,
    env = {},
    args = [],
  }: {
    watchdog?: boolean;
    env?: Record<string, string>;
    args?: readonly string[];
  } = {}): Promise<ChildProcess> {
    const command = [process.execPath, join(root, "packages/agent/bin/outrigger-agent.js"), "--state-dir", this.state, ...args];
    const child = watchdog
      ? this.spawn(join(root, "packages/agent/bin/watchdog.sh"), [this.state, ...command], env)
      : this.spawn(command[0]!, command.slice(1), env);
    await this.answering();
    return child;
  }

  async answering(): Promise<void> {
    await until(`the agent of ${this.name}`, () =>
      this.call("GET", "/healthz").then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  }

  call(
    method: string,
    path: string,
    body?: unknown,
    host = this.address,
  ): Promise<{ status: number; body: Record<string, unknown> & { error?: string } }> {
    return new Promise((resolve, reject) => {
      const sent = request({ host, port: 2332, method, path, timeout: 20_000, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text.startsWith("{") ? JSON.parse(text) : { text } }));
      });
      sent.on("timeout", () => sent.destroy(new Error("no answer within 20 s")));
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Sets a fault and fails when it is refused. */
  async put(name: string, fault: object): Promise<void> {
    const { status, body } = await this.call("PUT", `/v1/faults/${name}`, fault);
    if (status >= 300) throw new Error(`${name}: ${status} ${body.error}`);
  }
  async clear(): Promise<void> {
    await this.call("DELETE", "/v1/faults");
  }

  /** Everything that faults could leave in the namespace. */
  snapshot(): string {
    const look = (...command: string[]): string => this.inside(command[0]!, ...command.slice(1));
    return [
      look("tc", "qdisc", "show"),
      look("tc", "filter", "show", "dev", "eth0"),
      look("tc", "filter", "show", "dev", "eth0", "ingress"),
      look("ip", "-br", "link"),
      look("nft", "list", "ruleset"),
    ].join("\n---\n");
  }

  /** Kills everything that was started in the pod. */
  kill(): void {
    for (const pid of sh("ip", "netns", "pids", this.name).split(/\s+/).filter(Boolean)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It was quicker.
      }
    }
  }

  delete(): void {
    this.kill();
    sh("ip", "netns", "del", this.name);
  }
}

/**
 * A folder with a tc and an nft that count their calls in the state folder's `step`, and kill the agent before or after the
 * one that its `kill-at` says (`3-before`, `3-after`): then there is `killed`.
 */
export function deadly(state: string): string {
  const folder = join(state, "bin");
  mkdirSync(folder);
  for (const program of ["tc", "nft"])
    writeFileSync(
      join(folder, program),
      `#!/bin/sh
at=$(cat ${state}/kill-at 2>/dev/null || echo 0)
n=$(($(cat ${state}/step 2>/dev/null || echo 0) + 1))
echo $n >${state}/step
kill_agent() { kill -9 $PPID; echo killed >${state}/killed; }
[ "$at" != "$n-before" ] || { kill_agent; exit 1; }
PATH=/usr/sbin:/usr/bin:/sbin:/bin ${program} "$@"
code=$?
[ "$at" != "$n-after" ] || kill_agent
exit $code
`,
      { mode: 0o755 },
    );
  return folder;
}

/** Round trips in milliseconds; lost packets are missing. Three packets warm the path up. */
export function ping(address: string, count: number, { interval = 0.02, from }: { interval?: number; from?: string } = {}): number[] {
  const args = ["-n", "-i", String(interval), "-W", "1", ...(from ? ["-I", from] : [])];
  const run = (packets: number): string => {
    try {
      return sh("ping", ...args, "-c", String(packets), address);
    } catch (error) {
      return (error as { stdout?: string }).stdout ?? "";
    }
  };
  run(3);
  return [...run(count).matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.POSITIVE_INFINITY;
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/**
 * The standard deviation of what is spread normally, by its middle half, 1.349 deviations wide: where a busy machine keeps a
 * packet waiting now and then, those far outside would say more of the machine.
 */
export function deviation(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  return (quantile(0.75) - quantile(0.25)) / 1.349;
}
