import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LogLine, lineText, parseLine, sinceTime } from "./line.ts";
import { compareLogs, type LogGap, Resumption } from "./merge.ts";

const BEGIN = Date.parse("2026-01-01T00:00:00Z");
const at = (nanoseconds: number): string => {
  const ms = BEGIN + Math.floor(nanoseconds / 1e6);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(nanoseconds % 1e6).padStart(6, "0")}Z`;
};

/** A log as the runtime writes it: two streams, whose times may be out of order by less than a second, and lines that are alike. */
const log = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 700_000_000 }),
      late: fc.integer({ min: 0, max: 900_000_000 }),
      text: fc.constantFrom("a", "b", ""),
    }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((steps) => {
    let now = 1_000_000_000;
    return steps.map(({ step, late, text }): LogLine => {
      now += step;
      return { time: at(now - (late > 450_000_000 ? late - 450_000_000 : 0)), text };
    });
  });
/** What happens: so many lines are written, the log is rotated before that (or not), so many lines reach the follower before the connection breaks. */
const happenings = fc.array(
  fc.record({ written: fc.nat({ max: 12 }), isRotated: fc.boolean(), rotatedBack: fc.nat({ max: 6 }), read: fc.nat({ max: 20 }) }),
  { minLength: 1, maxLength: 12 },
);

describe("going on with a log", () => {
  test("keeps each line once and in order, and every line that is missing lies in a gap", () => {
    fc.assert(
      fc.property(log, happenings, (lines, happens) => {
        let written = 0;
        let begin = 0;
        const stored: number[] = [];
        const gaps: (LogGap & { before: number })[] = [];
        for (const { written: more, isRotated, rotatedBack, read } of [
          ...happens,
          { written: lines.length, isRotated: false, rotatedBack: 0, read: lines.length },
        ]) {
          written = Math.min(written + more, lines.length);
          if (isRotated) begin = Math.max(begin, written - rotatedBack);
          const storedLines = stored.map((index) => lines[index]!);
          const latest = storedLines.reduce((time, line) => (line.time > time ? line.time : time), "");
          const since = latest === "" ? "" : sinceTime(latest).replace("Z", ".000000000Z");
          const resumption = new Resumption(storedLines.filter(({ time }) => time >= since));
          const given = Array.from({ length: written - begin }, (_, index) => begin + index).filter((index) => lines[index]!.time >= since);
          for (const index of given.slice(0, read)) {
            const { isNew, gap } = resumption.take(lines[index]!);
            if (gap) gaps.push({ ...gap, before: index });
            if (isNew) stored.push(index);
          }
        }
        const texts = (indexes: readonly number[]): string[] => indexes.map((index) => lineText(lines[index]!));
        // Alike lines cannot be told apart, so the lines are compared, not their numbers.
        const kept = texts(stored);
        const all = texts(lines.map((_, index) => index));
        let position = 0;
        for (const text of kept) {
          const found = all.indexOf(text, position);
          expect(found, "in order, and once").toBeGreaterThanOrEqual(position);
          for (let missing = position; missing < found; missing++)
            if (stored.length > 0 && position > 0)
              expect(
                gaps.some(({ before }) => before > missing || lineText(lines[before]!) === text),
                `line ${missing} is missing without a gap`,
              ).toBe(true);
          position = found + 1;
        }
        if (!happens.some(({ isRotated }) => isRotated)) {
          expect(kept).toEqual(all);
          expect(gaps).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a log that was rotated behind the last line has a gap between the last line and the first one after it", () => {
    const [a, b, c] = [1, 2, 3].map((second) => ({ time: at(second * 1e9), text: String(second) })) as [LogLine, LogLine, LogLine];
    const resumption = new Resumption([a, b]);
    expect(resumption.take(c)).toEqual({ isNew: true, gap: { from: b.time, to: c.time, reason: "Rotated" } });
    expect(new Resumption([a, b]).take(b)).toEqual({ isNew: false });
  });
});

describe("comparing with the whole log", () => {
  const distinct = log.map((lines) => lines.map((line, index) => ({ ...line, text: `${line.text}${index}` })));

  test("completes what a follower has of it, whatever part that is and wherever rotation has cut the log", () => {
    fc.assert(
      fc.property(distinct, fc.nat(), fc.nat(), fc.nat(), (lines, from, to, cut) => {
        const begin = from % lines.length;
        const stored = lines.slice(begin, begin + (to % (lines.length - begin + 1)));
        // The head of the log was rotated away, but not beyond what is stored.
        const head = begin + (stored.length === 0 ? 0 : cut % stored.length);
        const comparison = compareLogs(stored, lines.slice(head));
        expect(comparison).toMatchObject({ kind: "append" });
        if (comparison.kind === "append") expect([...stored, ...comparison.lines]).toEqual(lines.slice(begin));
        expect(comparison).not.toHaveProperty("gap");
      }),
      { numRuns: 1000 },
    );
  });

  test("tells another run's lines, before or after, from a rotated log's", () => {
    const run = (name: string, second: number): LogLine[] =>
      [0, 1].map((line) => ({ time: at(second * 1e9 + line), text: `${name}${line}` }));
    const [first, second] = [run("first", 1), run("second", 2)];
    expect(compareLogs(second, first)).toEqual({ kind: "replace" });
    expect(compareLogs(first, second)).toEqual({
      kind: "append",
      lines: second,
      gap: { from: first[1]!.time, to: second[0]!.time, reason: "Rotated" },
    });
    expect(compareLogs([], first)).toEqual({ kind: "append", lines: first });
    expect(compareLogs(first, [])).toEqual({ kind: "append", lines: [] });
  });
});

test.each([
  ["2026-01-02T03:04:05.678901234Z hello", "2026-01-02T03:04:05.678901234Z", "hello"],
  ["2026-01-02T03:04:05Z  two blanks", "2026-01-02T03:04:05.000000000Z", " two blanks"],
  ["2026-01-02T11:04:05.5+08:00 zone", "2026-01-02T03:04:05.500000000Z", "zone"],
  ["2026-01-02T03:04:05.1Z ", "2026-01-02T03:04:05.100000000Z", ""],
  ["2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000000Z", ""],
])("reads %s", (raw, time, text) => {
  expect(parseLine(raw)).toEqual({ time, text });
});

test("what the kubelet itself says has no time", () => {
  expect(parseLine("failed to watch file: too many open files")).toBeUndefined();
  expect(parseLine("")).toBeUndefined();
});
