import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { terminalLog } from "./log.ts";

/** What a program writes that logs with this, as its reader sees it. */
function lines(program: string): string[] {
  const source = `import { jsonLog, defaultLog } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)}; ${program}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=source", "--input-type=module", "--eval", source], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

test("no key comes twice in a line, whatever the fields are called", () => {
  const [line = ""] = lines(
    `jsonLog("m").child({ controller: "c", name: "outer" }).child({ name: "pod-a", namespace: "n" })
      .info({ name: "inner", level: "high", msg: "m", time: 1, pid: 2, hostname: "h", logger: "l", err: new TypeError("bad") }, "text");`,
  );
  const keys = [...line.matchAll(/"([A-Za-z_]+)":/g)].map(([, key]) => key);
  // An error's own fields stand one level deeper.
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    level: 30,
    logger: "m",
    controller: "c",
    namespace: "n",
    name: "inner",
    level_: "high",
    msg: "text",
    msg_: "m",
    pid_: 2,
    err: { type: "TypeError", message: "bad" },
  });
});

test("levels below the one asked for are left out; a file gets JSON", () => {
  const written = lines(
    `const log = defaultLog("m", "warn"); log.debug({}, "a"); log.info({}, "b"); log.warn({}, "c"); log.child({ x: 1 }).error({}, "d");`,
  );
  expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["c", "d"]);
});

test("a person gets a line for each event, with the cause in it and the stack below", () => {
  let text = "";
  const write = (chunk: string | Uint8Array): boolean => {
    text += String(chunk);
    return true;
  };
  const log = terminalLog("bakery", "info", { write });
  const error = new Error("the oven is cold", { cause: new Error("no gas") });
  log
    .child({ controller: "bread", key: { namespace: "n", name: "a" } })
    .error({ err: error, retries: 0, why: 'a "b"' }, "reconcile failed");
  log.debug({}, "hidden");
  const [line = "", frame = "", ...rest] = text.split("\n");
  expect(line).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} ERROR bakery: reconcile failed: the oven is cold: no gas {2}controller=bread {2}key=\{"namespace":"n","name":"a"\} {2}retries=0 {2}why="a \\"b\\""$/,
  );
  expect(frame).toMatch(/^ {4}at .*log\.test\.ts/);
  expect(rest.join("\n")).not.toContain("the oven is cold");
});
