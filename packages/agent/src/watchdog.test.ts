import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModelKernel } from "../test/model-kernel.ts";
import { Device } from "./kernel/index.ts";

const WATCHDOG = join(import.meta.dirname, "../bin/watchdog.sh");
let folder: string;
let watchdog: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchdog-"));
  PATH = `${folder}:${process.env["PATH"]}`;
  tools();
});
afterEach(async () => {
  if (watchdog?.exitCode === null && watchdog.signalCode === null) {
    watchdog.kill("SIGTERM");
    await new Promise((resolve) => watchdog!.once("exit", resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** The kernel's tools as the watchdog finds them here: each writes down how it was called. */
let PATH: string;
function tools(more: Readonly<Record<string, string>> = {}): void {
  for (const tool of ["tc", "ip", "nft"])
    writeFileSync(join(folder, tool), `#!/bin/sh\n${more[tool] ?? ""}\necho "${tool} $*" >>${folder}/undone\n`, { mode: 0o755 });
}

/** Starts the watchdog with an agent that does `first`, says its process ID and does the rest. */
function watch(agent: string, first = ":", env: Readonly<Record<string, string>> = {}): ChildProcess {
  writeFileSync(
    join(folder, "agent"),
    `#!/bin/sh\n${first}\necho "$WATCHED_AS" >${folder}/watched-as\necho $$ >>${folder}/started\n${agent}\n`,
    { mode: 0o755 },
  );
  watchdog = spawn(WATCHDOG, [folder, join(folder, "agent")], { stdio: "ignore", env: { ...process.env, PATH, ...env } });
  return watchdog;
}
/** As the agent writes it. */
function undoAt(seconds: number, writer = "nobody", traces = "eth0 ingress marks"): void {
  writeFileSync(join(folder, "undo"), `${seconds * 100} ${writer}\n${traces}\n`, { mode: 0o600 });
}
/** The time since the machine started as the test says it, and the watchdog's turns: it sleeps after each. */
class Clock {
  readonly env = { UPTIME_FILE: join(folder, "clock"), PATH: `${folder}:${process.env["PATH"]}` };
  readonly #turns = join(folder, "turns");
  constructor() {
    writeFileSync(join(folder, "sleep"), `#!/bin/sh\necho >>${this.#turns}\nexec /bin/sleep "$1"\n`, { mode: 0o755 });
    writeFileSync(this.#turns, "");
    writeFileSync(this.env.UPTIME_FILE, "0.00 0.00\n");
  }
  /** Comes back when the watchdog has looked at it. */
  async shows(seconds: number): Promise<void> {
    writeFileSync(this.env.UPTIME_FILE, `${seconds.toFixed(2)} 0.00\n`);
    const turns = (): number => readFileSync(this.#turns, "utf8").length;
    const before = turns();
    // The first may have been under way.
    await expect.poll(turns, patient).toBeGreaterThanOrEqual(before + 2);
  }
}
const started = (): string[] =>
  existsSync(join(folder, "started")) ? readFileSync(join(folder, "started"), "utf8").trim().split("\n") : [];
const undone = (): boolean => existsSync(join(folder, "undone"));
const patient = { timeout: 10_000, interval: 50 };

test("an agent that cannot start ends the watchdog with its exit code, unless a fault is in force", async () => {
  undoAt(1e9);
  const one = watch("exit 3");
  const ended = new Promise((resolve) => one.once("exit", resolve));
  await expect.poll(() => started().length, { ...patient, timeout: 20_000 }).toBeGreaterThanOrEqual(7);
  expect(one.exitCode).toBe(null);
  rmSync(join(folder, "undo"));
  expect(await ended).toBe(3);
});

test("an agent that is killed, however often, is started again", async () => {
  const one = watch("kill -KILL $$");
  await expect.poll(() => started().length, { ...patient, timeout: 20_000 }).toBeGreaterThanOrEqual(7);
  expect(one.exitCode).toBe(null);
});

test("starts the agent, and again when it was killed", async () => {
  watch("exec sleep 60");
  await expect.poll(() => started().length, patient).toBe(1);
  process.kill(Number(started()[0]), "SIGKILL");
  await expect.poll(() => started().length, patient).toBe(2);
});

test("ends the faults of an agent that is dead and does not come back, on time and once", async () => {
  const clock = new Clock();
  undoAt(100);
  watch("exit 1", ":", clock.env);
  await clock.shows(99);
  await expect.poll(() => started().length, patient).toBeGreaterThan(0);
  expect(undone()).toBe(false);
  await clock.shows(100);
  expect([undone(), existsSync(join(folder, "undo"))]).toEqual([true, false]);
});

test("ends the faults of an agent that hangs", async () => {
  watch("exec sleep 60");
  await expect.poll(() => started().length, patient).toBe(1);
  process.kill(Number(started()[0]), "SIGSTOP");
  undoAt(0);
  await expect.poll(undone, patient).toBe(true);
  process.kill(Number(started()[0]), "SIGKILL");
});

test("gives an agent that runs 1.2 s to end its own faults", async () => {
  const clock = new Clock();
  watch("exec /bin/sleep 60", ":", clock.env);
  await expect.poll(() => started().length, patient).toBe(1);
  await clock.shows(101);
  undoAt(100, readFileSync(join(folder, "watched-as"), "utf8").trim());
  await clock.shows(101.19);
  expect(undone()).toBe(false);
  await clock.shows(101.2);
  expect(undone()).toBe(true);
});

test("gives an agent that runs no time for the faults of the one before it", async () => {
  const clock = new Clock();
  undoAt(100, "12.34");
  watch("exec /bin/sleep 60", ":", clock.env);
  await clock.shows(99);
  await expect.poll(() => started().length, patient).toBe(1);
  expect(undone()).toBe(false);
  await clock.shows(100);
  expect(undone()).toBe(true);
});

test("does not forget what an agent writes while it undoes", async () => {
  undoAt(0, "0");
  tools({ tc: `echo '9999999999 0' >${folder}/undo` });
  watch("exec sleep 60");
  await expect.poll(undone, patient).toBe(true);
  await expect.poll(() => existsSync(join(folder, "undoing")), patient).toBe(false);
  expect(readFileSync(join(folder, "undo"), "utf8")).toBe("9999999999 0\n");
});

test("does not carry out what an agent has written in the last moment", async () => {
  const clock = new Clock();
  const later = "20000 nobody\neth0\n";
  writeFileSync(join(folder, "later"), later, { mode: 0o600 });
  // The one that takes the undo finds another in its place.
  const once = `[ -f ${folder}/moved ] || { : >${folder}/moved; /bin/cp -p ${folder}/later ${folder}/undo; }`;
  writeFileSync(join(folder, "mv"), `#!/bin/sh\n${once}\nexec /bin/mv "$@"\n`, { mode: 0o755 });
  undoAt(100);
  watch("exec /bin/sleep 60", ":", clock.env);
  await clock.shows(150);
  expect([undone(), readFileSync(join(folder, "undo"), "utf8")]).toEqual([false, later]);
  await clock.shows(200);
  expect(undone()).toBe(true);
});

test("ends what a watchdog before it was ending when it died", async () => {
  undoAt(0);
  renameSync(join(folder, "undo"), join(folder, "undoing"));
  watch("exit 1");
  await expect.poll(undone, patient).toBe(true);
  await expect.poll(() => existsSync(join(folder, "undoing")), patient).toBe(false);
});

test("takes away what the agent itself would, with the agent's own commands", async () => {
  undoAt(0);
  watch("exec sleep 60");
  await expect.poll(() => existsSync(join(folder, "undo")) || existsSync(join(folder, "undoing")), patient).toBe(false);
  const device = new Device({ name: "eth0", run: new ModelKernel().run, marks: true, spared: { port: 2332, addresses: [] } });
  const commands = device.undo(true).map(({ argv }) => `${argv.join(" ")}\n`);
  expect(commands).toHaveLength(4);
  expect(readFileSync(join(folder, "undone"), "utf8")).toBe(commands.join(""));
});

test.each(["eth0;id", "-all", "*"])("runs nothing for a device that has no device's name: %s", async (name) => {
  undoAt(0, "nobody", `${name} ingress marks`);
  watch("exec sleep 60");
  await expect.poll(() => existsSync(join(folder, "undo")) || existsSync(join(folder, "undoing")), patient).toBe(false);
  // A name ends at the tab.
  expect(undone() ? readFileSync(join(folder, "undone"), "utf8") : "").not.toMatch(/id|touch|all|[*]|[.]/);
});

describe("believes no state that somebody else wrote", () => {
  const text = "0 nobody\neth0 ingress marks\n";
  test.each([
    ["one that others may read, as a ConfigMap's file", (file: string) => writeFileSync(file, text, { mode: 0o644 })],
    [
      "a link, as a ConfigMap's file",
      (file: string) => {
        writeFileSync(join(folder, "data"), text, { mode: 0o600 });
        symlinkSync(join(folder, "data"), file);
      },
    ],
    [
      "one of two names",
      (file: string) => {
        writeFileSync(join(folder, "data"), text, { mode: 0o600 });
        linkSync(join(folder, "data"), file);
      },
    ],
  ])("%s", async (_, write) => {
    write(join(folder, "undo"));
    write(join(folder, "undoing"));
    const clock = new Clock();
    watch("exec /bin/sleep 60", ":", clock.env);
    await clock.shows(100);
    expect([undone(), started().length]).toEqual([false, 1]);
  });
});

test("a time that is no number ends nothing, and not the watchdog either", async () => {
  writeFileSync(join(folder, "undo"), `x[$(touch ${folder}/undone)] nobody\neth0\n`, { mode: 0o600 });
  const one = watch("exit 1");
  await expect.poll(() => started().length, patient).toBeGreaterThan(1);
  expect([undone(), one.exitCode]).toEqual([false, null]);
});

test("hands SIGTERM on, waits for the agent and ends what it left", async () => {
  const dog = watch("while :; do sleep 0.1; done", `trap 'echo stopped >${folder}/stopped; exit' TERM`);
  await expect.poll(() => started().length, patient).toBe(1);
  undoAt(4_000_000_000);
  const ended = new Promise<number | null>((resolve) => dog.once("exit", resolve));
  dog.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect([existsSync(join(folder, "stopped")), undone()]).toEqual([true, true]);
});

test("hands on a SIGTERM that comes while it starts the agent", async () => {
  // On one processor a child often runs before the shell knows its number.
  const [, processor] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  const told = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const state = join(folder, String(index));
      mkdirSync(state);
      const agent = join(state, "agent");
      writeFileSync(agent, `#!/bin/sh\ntrap 'touch ${state}/told; exit' TERM\nkill -TERM $PPID\nwhile :; do sleep 0.1; done\n`, {
        mode: 0o755,
      });
      const dog = spawn("taskset", ["-c", processor!, WATCHDOG, state, agent], { stdio: "ignore" });
      expect(await new Promise((resolve) => dog.once("exit", resolve))).toBe(0);
      return existsSync(join(state, "told"));
    }),
  );
  expect(told).not.toContain(false);
}, 30_000);
