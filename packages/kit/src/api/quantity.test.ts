import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Quantity } from "./quantity.ts";

describe("quantities", () => {
  const canonical: [string, string][] = [
    ["0.1", "100m"],
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Ki", "512"],
    ["1e3", "1e3"],
    ["1E", "1E"],
    ["12e6", "12e6"],
    ["1000k", "1M"],
    [".5", "500m"],
    ["0.0000000001", "1n"],
    ["-1.5", "-1500m"],
    ["1.1Ki", "1126400m"],
    ["0", "0"],
    ["000Mi", "0"],
  ];
  for (const [text, expected] of canonical) test(`${text} is ${expected}`, () => expect(Quantity.parse(text).toString()).toBe(expected));

  const wrong: [string, string][] = [
    ["", "quantities must match the regular expression"],
    ["12MiB", "quantities must match the regular expression"],
    ["1MM", "unable to parse quantity's suffix"],
    ["1..5", "quantities must match the regular expression"],
    ["abc", "quantities must match the regular expression"],
  ];
  for (const [text, message] of wrong)
    test(`${JSON.stringify(text)} is refused`, () => expect(() => Quantity.parse(text)).toThrow(message));

  test("sums and comparisons are exact", () => {
    expect(Quantity.parse("100m").add(Quantity.parse("0.9")).toString()).toBe("1");
    expect(Quantity.parse("1Gi").cmp(Quantity.parse("1024Mi"))).toBe(0);
    expect(Quantity.parse("1Gi").sub(Quantity.parse("1Mi")).toString()).toBe("1023Mi");
    expect(Quantity.parse("3").mul(3, 2).toString()).toBe("4500m");
    expect(Quantity.parse("1500m").value).toBe(2n);
  });

  test("the canonical form means the same amount, and is its own canonical form", () => {
    const text = fc.tuple(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.nat(999),
      fc.constantFrom("", "m", "k", "Ki", "Mi", "G", "e3", "u"),
    );
    fc.assert(
      fc.property(text, ([whole, part, suffix]) => {
        const quantity = Quantity.parse(`${whole}.${part}${suffix}`);
        const again = Quantity.parse(quantity.toString());
        expect(again.cmp(quantity)).toBe(0);
        expect(again.toString()).toBe(quantity.toString());
      }),
    );
  });
});
