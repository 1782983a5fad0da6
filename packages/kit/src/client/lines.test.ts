import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Lines } from "./lines.ts";

const quiet = { drained: () => {}, left: () => {} };

test("however the bytes are cut, the lines are the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "binary" })), fc.array(fc.nat({ max: 40 })), async (texts, cuts) => {
      const expected = texts.map((text) => text.replaceAll("\n", "␤"));
      const bytes = Buffer.from(expected.map((text) => `${text}\n`).join(""));
      const lines = new Lines(quiet);
      const reading = Array.fromAsync(lines);
      let at = 0;
      for (const size of [...cuts, bytes.length]) {
        const piece = bytes.subarray(at, at + size);
        at += piece.length;
        if (piece.length > 0) lines.push(piece);
        if (size % 2) await Promise.resolve();
      }
      lines.end();
      expect(await reading).toEqual(expected.map((text) => Buffer.from(text).toString()));
      expect(lines.unread).toBe(0);
    }),
  );
});

test("what follows the last line end is a line unless it is empty", async () => {
  const lines = new Lines(quiet);
  lines.push(Buffer.from("a\n\nb"));
  lines.end();
  expect(await Array.fromAsync(lines)).toEqual(["a", "", "b"]);
});

test("what came whole before a failure is still read, after an abort nothing is", async () => {
  const failed = new Lines(quiet);
  failed.push(Buffer.from("a\nb"));
  failed.fail(new Error("cut"));
  expect(await failed.next()).toEqual({ done: false, value: "a" });
  await expect(failed.next()).rejects.toThrow("cut");
  const aborted = new Lines(quiet);
  aborted.push(Buffer.from("a\nb\n"));
  aborted.abort(new Error("enough"));
  await expect(aborted.next()).rejects.toThrow("enough");
});

test("the source is told when all is read, and when the reader left", async () => {
  const source = { drained: vi.fn(), left: vi.fn() };
  const lines = new Lines(source);
  lines.push(Buffer.from("a\nb\n"));
  await lines.next();
  expect(source.drained).not.toHaveBeenCalled();
  expect(lines.unread).toBe(4);
  await lines.next();
  expect(source.drained).toHaveBeenCalledOnce();
  lines.push(Buffer.from("c\n"));
  for await (const _ of lines) break;
  expect(source.left).toHaveBeenCalledOnce();
});
