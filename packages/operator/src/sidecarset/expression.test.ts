import { expect, test } from "vitest";
import { ExpressionError, parseExpression } from "./expression.ts";

const value = (text: string, cpu = "700"): string => {
  const { numerator, denominator } = parseExpression(
    text,
    "cpu",
  )({ numerator: BigInt(cpu), denominator: 1000n, amount: true, binary: false });
  return `${(numerator * 1000n) / denominator}m`;
};

test.each([
  ["cpu", "700m"],
  ["cpu*50%", "350m"],
  ["0.25 * cpu", "175m"],
  ["cpu / 3", "233m"],
  ["cpu/7*3", "300m"],
  ["-cpu + 2", "1300m"],
  ["MAX(cpu, 1)", "1000m"],
  ["max(min(cpu, 2), 100m) * 2", "1400m"],
  ["(cpu + 100m) * 2", "1600m"],
  ["1e3 * cpu", "700000m"],
  ["1Ki", "1024000m"],
])("%s is %s", (text, expected) => {
  expect(value(text)).toBe(expected);
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
  ["cpu / 0", "division by zero"],
  ["cpu / (cpu - cpu)", "division by zero"],
  ["cpu / 100m", "divided by an amount"],
  ["100m * cpu", "multiplied by an amount"],
  ["1e999 * cpu", "exponent is too large"],
])("%s is refused: %s", (text, why) => {
  expect(() => value(text)).toThrow(ExpressionError);
  expect(() => value(text)).toThrow(why);
});
