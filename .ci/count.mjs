// count.mjs FILE: how many tests a suite's output says passed and failed, as `PASSED FAILED`.
// Reads vitest's closing "Tests" line and our own `N passed, N failed` lines.
import { readFileSync } from "node:fs";

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours
const text = readFileSync(process.argv[2], "utf8").replace(/\u001b\[[0-9;]*m/g, "");
let passed = 0;
let failed = 0;
for (const line of text.split("\n")) {
  const own = /^(?:\w+: )?(\d+) passed, (\d+) failed/.exec(line.trim());
  if (own) {
    passed += Number(own[1]);
    failed += Number(own[2]);
    continue;
  }
  const vitest = /^\s*Tests\s+(.*)$/.exec(line);
  if (!vitest) continue;
  passed += Number(/(\d+) passed/.exec(vitest[1])?.[1] ?? 0);
  failed += Number(/(\d+) failed/.exec(vitest[1])?.[1] ?? 0);
}
console.log(passed, failed);
