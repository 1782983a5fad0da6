import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const command = new URL("../bin/outrigger.js", import.meta.url).pathname;

/** Judged by the quickest of several starts: what else the machine does only adds. */
test("--version takes at most twice, --help at most 2.5 times a bare Node's start", () => {
  const programs = [
    ["-e", "0"],
    [command, "--version"],
    [command, "--help"],
  ];
  const best = programs.map(() => Number.POSITIVE_INFINITY);
  const ratio = (index: number): number => best[index]! / best[0]!;
  for (let round = 0; round < 10 || (round < 60 && (ratio(1) > 2 || ratio(2) > 2.5)); round++) {
    programs.forEach((args, index) => {
      const start = performance.now();
      expect(spawnSync(process.execPath, args).status).toBe(0);
      best[index] = Math.min(best[index]!, performance.now() - start);
    });
  }
  expect(ratio(1)).toBeLessThanOrEqual(2);
  expect(ratio(2)).toBeLessThanOrEqual(2.5);
});
