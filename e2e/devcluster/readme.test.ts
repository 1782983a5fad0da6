import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectlPath } from "../kubectl.ts";
import { command, repository } from "../outrigger.ts";

// The README's commands are run as they stand, against the cluster that its first command starts.
const blocks = (file: string): string[] =>
  [...readFileSync(join(repository, file), "utf8").matchAll(/```(?:sh|ts|yaml)\n([\s\S]*?)```/g)].map((match) => match[1]!);
const withoutComments = (code: string): string => code.replace(/\s+(#|\/\/) .*$/gm, "");

test("both READMEs show the same commands", () => {
  expect(blocks("README.zh-CN.md").map(withoutComments)).toEqual(blocks("README.md").map(withoutComments));
});

interface Count {
  readonly alike: number;
  readonly unlike: number;
}
/** `truth/counts.json`, the scenarios of one kubectl as one. */
function countsByFile(): Record<string, Count> {
  const counts: Record<string, Count> = JSON.parse(readFileSync(join(repository, "truth/counts.json"), "utf8"));
  const result: Record<string, Count> = {};
  for (const [name, { alike, unlike }] of Object.entries(counts)) {
    const file = /^kubectl \S+/.exec(name)?.[0] ?? name;
    const known = result[file] ?? { alike: 0, unlike: 0 };
    result[file] = { alike: known.alike + alike, unlike: known.unlike + unlike };
  }
  return result;
}

test.each(["README.md", "README.zh-CN.md"])("the table of %s says what truth/counts.json says", (file) => {
  const counts = countsByFile();
  const table = readFileSync(join(repository, file), "utf8").split("<!-- truth/counts.json -->")[1] ?? "";
  const rows = [...table.split("\n\n")[0]!.matchAll(/^\| `([^`]+)` \|.*\| (\d+) \/ (\d+) \|$/gm)].map(([, name, alike, all]) => [
    name,
    +alike!,
    +all!,
  ]);
  expect(rows.sort()).toEqual(
    Object.entries(counts)
      .map(([name, { alike, unlike }]) => [name, alike, alike + unlike])
      .sort(),
  );
  const sum = (of: (count: { alike: number; unlike: number }) => number) =>
    Object.values(counts).reduce((total, count) => total + of(count), 0);
  expect(table).toContain(`| | | ${sum(({ alike }) => alike)} / ${sum(({ alike, unlike }) => alike + unlike)} |`);
});

describe("the README's commands", () => {
  let folder: string;
  let kubeconfig: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "outrigger-readme-"));
    kubeconfig = join(folder, "kubeconfig");
    const child = spawn(process.execPath, [command, "dev", "--kubeconfig", kubeconfig, "--ready-file", join(folder, "ready")], {
      cwd: folder,
      stdio: "ignore",
    });
    stop = async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    };
    await eventually(() => existsSync(join(folder, "ready")), { timeoutMs: 60_000 });
  });
  afterAll(() => stop?.());

  const lines = blocks("README.md")
    .flatMap((block) => block.split("\n"))
    .filter((line) => /^(kubectl|npx outrigger explain) /.test(line));

  test("there are commands to run", () => expect(lines.length).toBeGreaterThan(8));

  for (const line of lines) {
    test(line, async () => {
      const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: [dirname(kubectlPath()), process.env["PATH"]].join(delimiter) };
      const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
        execFile("bash", ["-c", line], { cwd: repository, env }, (error, stdout, stderr) =>
          resolve({ code: error ? 1 : 0, output: stdout + stderr }),
        );
      });
      expect(output).not.toMatch(/error/i);
      expect(code).toBe(0);
    });
  }
});
