import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const command = new URL("../bin/outrigger.js", import.meta.url).pathname;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-completion-"));
  writeFileSync(join(folder, "outrigger"), `#!/bin/sh\nexec ${process.execPath} ${command} "$@"\n`);
  chmodSync(join(folder, "outrigger"), 0o755);
  symlinkSync(process.execPath, join(folder, "node"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell prints for a script. */
function shell(name: string, script: string): string[] {
  const env = { ...process.env, PATH: [folder, dirname(process.execPath), process.env["PATH"]].join(delimiter) };
  const { stdout, stderr, status } = spawnSync(name, ["-c", script], { env, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split(/\s+/).filter(Boolean);
}
const has = (name: string): boolean => spawnSync(name, ["-c", "true"]).status === 0;

describe("in bash", () => {
  const complete = (...words: readonly string[]): string[] =>
    shell(
      "bash",
      `source <(outrigger completion bash); COMP_WORDS=(outrigger ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _outrigger; echo "\${COMPREPLY[@]}"`,
    );

  test.each([
    [["cr"], ["create"]],
    [["create", "a"], ["api"]],
    [["create", "api", "--k"], ["--kind"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [
      ["lint", "-o", ""],
      ["text", "json"],
    ],
    [["fault", "set", "--dir"], ["--direction"]],
    [["fault", "set", "--direction", "e"], ["egress"]],
    [["nothing"], []],
  ])("%j gives %j", (words, expected) => expect(complete(...words)).toEqual(expected));
});

test.skipIf(!has("fish"))("in fish", () => {
  expect(shell("fish", "outrigger completion fish | source; complete -C 'outrigger cr'")).toEqual(["create"]);
});
test.skipIf(!has("zsh"))("in zsh the script is read without an error", () => {
  expect(shell("zsh", "autoload -U compinit; compinit -u -D; source <(outrigger completion zsh); echo $_comps[outrigger]")).toEqual([
    "_outrigger",
  ]);
});
