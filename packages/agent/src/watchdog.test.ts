import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  writeFileSync(join(folder, "agent"), `#!/bin/sh\n${first}\necho $$ >>${folder}/started\n${agent}\n`, { mode: 0o755 });
  watchdog = spawn(WATCHDOG, [folder, join(folder, "agent")], { stdio: "ignore", env: { ...process.env, ...env } });
  return watchdog;
}
/** As the agent writes it: the undo leaves a file behind. */
function undoIn(seconds: number): void {
  writeFileSync(join(folder, "undo"), `${Math.floor(Date.now() / 1000) + seconds} 0\ntouch ${folder}/undone ${folder}/*\n`);
}
const started = (): string[] =>
  existsSync(join(folder, "started")) ? readFileSync(join(folder, "started"), "utf8").trim().split("\n") : [];
const undone = (): boolean => existsSync(join(folder, "undone"));
const patient = { timeout: 10_000, interval: 50 };

test("starts the agent, and again when it was killed", async () => {
  watch("exec sleep 60");
  await expect.poll(() => started().length, patient).toBe(1);
  process.kill(Number(started()[0]), "SIGKILL");
  await expect.poll(() => started().length, patient).toBe(2);
});

test("ends the faults of an agent that is dead and does not come back, on time and once", async () => {
  undoIn(2);
  watch("exit 1");
  await expect.poll(() => started().length, patient).toBeGreaterThan(0);
  expect(undone()).toBe(false);
  await expect.poll(undone, patient).toBe(true);
  await expect.poll(() => existsSync(join(folder, "undo")), patient).toBe(false);
});

test("ends the faults of an agent that hangs", async () => {
  watch("exec sleep 60");
  await expect.poll(() => started().length, patient).toBe(1);
  process.kill(Number(started()[0]), "SIGSTOP");
  undoIn(0);
  await expect.poll(undone, patient).toBe(true);
  process.kill(Number(started()[0]), "SIGKILL");
});

test("gives an agent that runs time to end its own faults, and none for those of the agent before it", async () => {
  // A clock that we set, and that counts who looks at it.
  const [clock, looks] = [join(folder, "clock"), join(folder, "looks")];
  writeFileSync(join(folder, "date"), `#!/bin/sh\necho >>${looks}\ncat ${clock}\n`, { mode: 0o755 });
  writeFileSync(clock, "101");
  watch("exec sleep 60", ":", { PATH: `${folder}:${process.env["PATH"]}` });
  await expect.poll(() => started().length, patient).toBe(1);
  const agent = Number(started()[0]);
  const undo = (writer: number): void => writeFileSync(join(folder, "undo"), `100 ${writer}\ntouch ${folder}/undone\n`);
  undo(agent);
  await expect.poll(() => existsSync(looks) && readFileSync(looks, "utf8").length, patient).toBeGreaterThan(2);
  expect(undone()).toBe(false);
  undo(agent + 1);
  await expect.poll(undone, patient).toBe(true);
});

test("does not forget what an agent writes while it undoes", async () => {
  undoIn(0);
  const later = join(folder, "later");
  writeFileSync(join(folder, "write"), `#!/bin/sh\necho '9999999999 0' >${folder}/undo\ntouch ${later}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "undo"), `0 0\n${folder}/write\ntouch ${folder}/undone\n`);
  watch("exec sleep 60");
  await expect.poll(undone, patient).toBe(true);
  await expect.poll(() => existsSync(join(folder, "undoing")), patient).toBe(false);
  expect(readFileSync(join(folder, "undo"), "utf8")).toBe("9999999999 0\n");
});

test("takes the words of an undo as they are: no pattern, no shell", async () => {
  undoIn(0);
  watch("exec sleep 60");
  await expect.poll(undone, patient).toBe(true);
  expect(existsSync(join(folder, "*"))).toBe(true);
});

test("hands SIGTERM on, waits for the agent and ends what it left", async () => {
  const dog = watch("while :; do sleep 0.1; done", `trap 'echo stopped >${folder}/stopped; exit' TERM`);
  await expect.poll(() => started().length, patient).toBe(1);
  undoIn(60);
  const ended = new Promise<number | null>((resolve) => dog.once("exit", resolve));
  dog.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect([existsSync(join(folder, "stopped")), undone()]).toEqual([true, true]);
});

test("hands on a SIGTERM that comes while it starts the agent", async () => {
  // On one processor a child often runs before the shell knows its number.
  const told = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const state = join(folder, String(index));
      mkdirSync(state);
      const agent = join(state, "agent");
      writeFileSync(agent, `#!/bin/sh\ntrap 'touch ${state}/told; exit' TERM\nkill -TERM $PPID\nwhile :; do sleep 0.1; done\n`, {
        mode: 0o755,
      });
      const dog = spawn("taskset", ["-c", "0", WATCHDOG, state, agent], { stdio: "ignore" });
      expect(await new Promise((resolve) => dog.once("exit", resolve))).toBe(0);
      return existsSync(join(state, "told"));
    }),
  );
  expect(told).not.toContain(false);
}, 30_000);
