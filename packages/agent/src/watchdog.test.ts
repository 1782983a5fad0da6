import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const WATCHDOG = join(import.meta.dirname, "../bin/watchdog.sh");
let folder: string;
let watchdog: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchdog-"));
});
afterEach(async () => {
  if (watchdog?.exitCode === null && watchdog.signalCode === null) {
    watchdog.kill("SIGTERM");
    await new Promise((resolve) => watchdog!.once("exit", resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the watchdog with an agent that does `first`, says its process ID and does the rest. */
function watch(agent: string, first = ":", env: Readonly<Record<string, string>> = {}): ChildProcess {
  writeFileSync(
    join(folder, "agent"),
    `#!/bin/sh\n${first}\necho "$WATCHED_AS" >${folder}/watched-as\necho $$ >>${folder}/started\n${agent}\n`,
    { mode: 0o755 },
  );
  watchdog = spawn(WATCHDOG, [folder, join(folder, "agent")], { stdio: "ignore", env: { ...process.env, ...env } });
  return watchdog;
}
/** As the agent writes it: the undo leaves a file behind. */
function undoAt(seconds: number, writer = "nobody"): void {
  writeFileSync(join(folder, "undo"), `${seconds * 100} ${writer}\ntouch ${folder}/undone ${folder}/*\n`);
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
  undoAt(0);
  const later = join(folder, "later");
  writeFileSync(join(folder, "write"), `#!/bin/sh\necho '9999999999 0' >${folder}/undo\ntouch ${later}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "undo"), `0 0\n${folder}/write\ntouch ${folder}/undone\n`);
  watch("exec sleep 60");
  await expect.poll(undone, patient).toBe(true);
  await expect.poll(() => existsSync(join(folder, "undoing")), patient).toBe(false);
  expect(readFileSync(join(folder, "undo"), "utf8")).toBe("9999999999 0\n");
});

test("does not carry out what an agent has written in the last moment", async () => {
  const clock = new Clock();
  const later = `20000 nobody\ntouch ${folder}/undone\n`;
  writeFileSync(join(folder, "later"), later);
  // The one that takes the undo finds another in its place.
  const once = `[ -f ${folder}/moved ] || { : >${folder}/moved; /bin/cp ${folder}/later ${folder}/undo; }`;
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

test("takes the words of an undo as they are: no pattern, no shell", async () => {
  undoAt(0);
  watch("exec sleep 60");
  await expect.poll(undone, patient).toBe(true);
  expect(existsSync(join(folder, "*"))).toBe(true);
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
