import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readFlags, UsageError } from "./flags.ts";
import { goFlags } from "./go-flags.ts";
import { PROGRAMS, runProgram } from "./index.ts";
import { MANAGER_FLAGS } from "./manager-flags.ts";

const never = new AbortController().signal;
let said: string[];
beforeEach(() => {
  said = [];
  for (const stream of ["log", "error"] as const) vi.spyOn(console, stream).mockImplementation((line) => void said.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

test("a flag wins over its environment variable, and that over the default", () => {
  const read = (args: string[], environment = {}): string => readFlags(MANAGER_FLAGS, args, environment)["log-level"];
  expect(read([])).toBe("info");
  expect(read([], { LOG_LEVEL: "debug" })).toBe("debug");
  expect(read(["--log-level", "error"], { LOG_LEVEL: "debug" })).toBe("error");
});

test("what is no flag, or no choice of it, is refused with what there is", () => {
  expect(() => readFlags(MANAGER_FLAGS, ["--log-levle", "info"], {})).toThrow(UsageError);
  expect(() => readFlags(MANAGER_FLAGS, [], { LOG_LEVEL: "loud" })).toThrow('--log-level (LOG_LEVEL) is "loud": write one of debug, info');
});

test("each program lists its flags, and each flag has an environment variable of its own", async () => {
  for (const [name, { flags }] of Object.entries(PROGRAMS)) {
    expect(await runProgram([name, "--help"], {}, never)).toBe(0);
    for (const flag of Object.keys(flags)) expect(said.at(-1)).toContain(`--${flag} `);
    const variables = Object.values(flags).map(({ environment }) => environment);
    expect(new Set(variables).size).toBe(variables.length);
  }
});

test("wrong usage ends with exit code 2 and one line that says what is wrong", async () => {
  expect(await runProgram(["injektor"], {}, never)).toBe(2);
  expect(said).toEqual([expect.stringContaining('there is no program "injektor": write one of manager')]);
  for (const [flag, text] of [
    ["webhook-port", "http"],
    ["namespace-selector", "a=b"],
    ["namespace-selector", '{"matchExpressions":[{"key":"a","operator":"Is"}]}'],
  ]) {
    expect(await runProgram(["manager", `--${flag}`, text!], {}, never)).toBe(2);
    expect(said.at(-1)).toContain(`--${flag}`);
  }
});

test("the injector takes flags as Go programs do, and is known by its own flags", async () => {
  const left: string[] = [];
  const read = (args: string[]) => goFlags(args, (rest) => left.push(...rest));
  expect(read(["-v=4", "--port", "1", "-alsologtostderr", "2>&1", "-v=5"])).toEqual(["--v=4", "--port=1", "--alsologtostderr=true"]);
  expect(left).toEqual(["2>&1", "-v=5"]);
  expect(() => read(["-port"])).toThrow(UsageError);
  for (const args of [
    ["-tlsCertFile=/nowhere"],
    ["--sidecarCfgFile", "/nowhere"],
    ["outrigger-injector", "-v", "1", "--sidecarCfgFile=/nowhere"],
  ]) {
    expect(await runProgram(args, {}, never)).toBe(1);
    expect(said.at(-1)).toContain("ENOENT");
  }
  expect(await runProgram(["injector", "-log_dir=/tmp"], {}, never)).toBe(2);
  expect(said.at(-1)).toContain("--log_dir");
});
