import { expect, test } from "vitest";
import { eventually, TimeoutError } from "./eventually.ts";

const quick = { timeoutMs: 40, intervalMs: 5 };
const failure = (attempt: () => unknown, options = {}): Promise<TimeoutError> =>
  eventually(attempt, { ...quick, ...options }).then(
    () => expect.fail("it came true"),
    (error: TimeoutError) => error,
  );

test("what the first good try returned is returned, also when that is 0 or empty", async () => {
  let tries = 0;
  expect(await eventually(() => (++tries < 3 ? undefined : { tries }))).toEqual({ tries: 3 });
  expect(await eventually(() => 0)).toBe(0);
  expect(await eventually(async () => "")).toBe("");
});

test("assertions may fail until they hold", async () => {
  let tries = 0;
  await eventually(() => {
    expect(++tries).toBe(3);
    return true;
  });
  expect(tries).toBe(3);
});

test("on time-out the message has what was waited for, the number of tries and the last failure, which is the cause", async () => {
  const cause = new Error("2 pods, not 3");
  let tries = 0;
  const error = await failure(
    () => {
      tries++;
      throw cause;
    },
    { what: "three pods", timeoutMs: 300 },
  );
  expect(error).toBeInstanceOf(TimeoutError);
  const count = tries === 1 ? "1 try" : `${tries} tries`;
  expect(error.message).toBe(`not true after 300 ms and ${count}: 2 pods, not 3\n  waiting for: three pods`);
  expect(error.cause).toBe(cause);
});

test("a condition without a name is shown as it is written, and what it gave last", async () => {
  const pods: string[] = [];
  expect((await failure(() => pods.length === 3)).message).toMatch(/the last try gave false\n {2}waiting for: .*pods\.length === 3$/);
  expect((await failure(() => undefined)).message).toContain("gave undefined");
});

test("a try that hangs does not outlast the time", async () => {
  expect((await failure(() => new Promise(() => {}))).message).toContain("1 try: it did not end");
});
