import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overlaps, parseCidr, parseFault, selectionKey } from "./index.ts";

const cases = JSON.parse(readFileSync(new URL("parse.data.json", import.meta.url), "utf8")) as {
  right: { what: string; spec: unknown; fault: object }[];
  wrong: { what: string; field: string; spec: unknown }[];
};

describe("a fault is taken", () => {
  test.each(cases.right)("$what", ({ spec, fault }) => {
    expect(parseFault(spec)).toMatchObject({ fault });
  });
});

describe("a fault is refused, by its field and with what is allowed", () => {
  test.each(cases.wrong)("$what", ({ spec, field }) => {
    const { problems } = parseFault(spec);
    expect(problems?.map((problem) => problem.field)).toContain(field);
    for (const { problem, allowed } of problems ?? []) expect([problem, allowed]).not.toContain("");
  });
});

describe("blocks of addresses", () => {
  test("lose the bits behind their prefix", () => {
    expect(parseCidr("10.1.2.3/8")?.text).toBe("10.0.0.0/8");
    expect(parseCidr("2001:db8::1/32")?.text).toBe("2001:db8:0:0:0:0:0:0/32");
    expect(parseCidr("::1")?.text).toBe("0:0:0:0:0:0:0:1/128");
    expect(parseCidr("0.0.0.0/0")).toMatchObject({ first: 0n, last: 2n ** 32n - 1n });
  });

  test("that are one, however they are written, are taken once; ports as well", () => {
    const cidrs = ["10.0.0.1", "10.0.0.1/32", "2001:db8::1", "2001:0db8:0::1/128"];
    const { fault } = parseFault({ partition: true, targets: { cidrs, ports: [80, "80", "80-80"] } });
    expect(fault?.selection.cidrs.map(({ text }) => text)).toEqual(["10.0.0.1/32", "2001:db8:0:0:0:0:0:1/128"]);
    expect(fault?.selection.ports).toEqual([{ from: 80, to: 80 }]);
  });

  test("overlap exactly where an address is in both", () => {
    const block = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }));
    fc.assert(
      fc.property(block, block, ([a, aBits], [b, bBits]) => {
        const selection = (text: string): Parameters<typeof overlaps>[0] => ({
          cidrs: [parseCidr(text)!],
          ports: [],
          excludeCidrs: [],
          excludePorts: [],
        });
        const inside = (last: number, base: number, bits: number): boolean => last >> (32 - bits) === base >> (32 - bits);
        const shared = Array.from({ length: 256 }, (_, last) => last).some((last) => inside(last, a, aBits) && inside(last, b, bBits));
        const [one, other] = [selection(`10.0.0.${a}/${aBits}`), selection(`10.0.0.${b}/${bBits}`)];
        expect(overlaps(one, other)).toBe(shared);
        expect(overlaps(other, one)).toBe(shared);
        if (selectionKey(one) === selectionKey(other)) expect(shared).toBe(true);
      }),
    );
  });
});
