import { Quantity } from "@outrigger/kit/api";
import { expect, test } from "vitest";
import { amountOf, ExpressionError, parseExpression } from "./expression.ts";

const value = (text: string, cpu = "700m"): string => amountOf(parseExpression(text, "cpu")(Quantity.parse(cpu))).toString();

test.each([
  ["cpu", "700m"],
  ["cpu*50%", "350m"],
  ["0.25 * cpu", "175m"],
  ["cpu / 3", "233m"],
  ["cpu/7*3", "300m"],
  ["-cpu + 2", "1300m"],
  ["MAX(cpu, 1)", "1"],
  ["CPU * 2", "1400m"],
  ["max(min(cpu, 2), 100m) * 2", "1400m"],
  ["(cpu + 100m) * 2", "1600m"],
  ["1e3 * cpu", "700"],
  ["1Ki", "1Ki"],
  ["cpu\n+ 100m", "800m"],
])("%s is %s", (text, expected) => {
  expect(value(text)).toBe(expected);
});

test("each step is cut off after thousandths, and numbers are doubles, as in kruise", () => {
  expect(value("cpu / 3 * 3")).toBe("699m");
  expect(value("cpu * 0.29", "100m")).toBe("28m");
  expect(value("cpu * 1.1", "1")).toBe("1100m");
});

test.each([
  ["", "ends too early"],
  ["cpu +", "ends too early"],
  ["(cpu", '")" is missing'],
  ["cpu % 2", "unexpected text"],
  ["memory", "undefined variable"],
  ["avg(cpu)", "unknown function"],
  ["max(cpu)", "exactly 2 arguments"],
  ["cpu + 5Xi", "unknown unit"],
  ["1e3m", "not both"],
  ["cpu / 0", "division by zero"],
  ["cpu / (1 - 1)", "division by zero"],
  ["cpu / (cpu - cpu)", "divided by an amount"],
  ["cpu / 100m", "divided by an amount"],
  ["100m * cpu", "multiplied by an amount"],
  ["1e999 * cpu", "exponent is too large"],
])("%s is refused: %s", (text, why) => {
  expect(() => value(text)).toThrow(ExpressionError);
  expect(() => value(text)).toThrow(why);
});
