import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { WITHOUT_EFFECT } from "./no-effect.ts";

const guide = (folder: string): string => readFileSync(new URL(`../../../../docs/${folder}/devcluster.md`, import.meta.url), "utf8");
/** The rows of the guide's table of kinds without effect: the kinds of a row, and what it says of them. */
function rowsOf(text: string): readonly (readonly [kind: string, why: string])[] {
  const table = /\n\| (?:kind|类型) \|[^\n]*\n\|---\|---\|\n((?:\|[^\n]*\n)+)/.exec(text)![1]!;
  return table
    .trim()
    .split("\n")
    .flatMap((row) => {
      const [, kinds = "", why = ""] = row.split("|");
      return [...kinds.matchAll(/`([^`]+)`/g)].map(([, kind]) => [kind!, why.trim()] as const);
    });
}
const kinds = Object.keys(WITHOUT_EFFECT).map((key) => key.split("/")[1]!);

describe("the guide's list of kinds without effect", () => {
  it("has those that the server warns of, and says of each what the server says", () => {
    const expected = Object.entries(WITHOUT_EFFECT).map(([key, { why }]) => [key.split("/")[1], why]);
    expect(new Map(rowsOf(guide("guide")))).toEqual(new Map(expected as [string, string][]));
  });
  it("has them in Chinese too", () => {
    expect(
      rowsOf(guide("zh/guide"))
        .map(([kind]) => kind)
        .sort(),
    ).toEqual([...kinds].sort());
  });
});
