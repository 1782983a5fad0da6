// The programs of the guides for people who write operators, compiled and run as they stand there, with the guides' commands.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectlPath } from "./kubectl.ts";
import { repository, startCluster } from "./outrigger.ts";

const GUIDES = ["schemas", "webhooks", "controllers", "import"];
let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "outrigger-kit-guides-"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "bin"));
  for (const [name, line] of [
    ["kubectl", `exec '${kubectlPath()}' "$@"`],
    ["node", `exec '${process.execPath}' --conditions=source --no-warnings "$@"`],
  ])
    writeFileSync(join(folder, "bin", name!), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  // Against the built types, as for those who install the packages.
  const options = { noEmit: true, composite: false, declaration: false, declarationMap: false };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(repository, "tsconfig.base.json"), compilerOptions: options, include: ["*/*.ts"] }),
  );
  for (const guide of GUIDES) {
    mkdirSync(join(folder, guide));
    for (const { language, file, text } of blocksOf(`docs/guide/${guide}.md`))
      if (language === "ts") writeFileSync(join(folder, guide, file), text);
  }
}, 120_000);
afterAll(async () => {
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

interface Block {
  readonly language: string;
  readonly file: string;
  readonly text: string;
}
function blocksOf(path: string): Block[] {
  const text = readFileSync(join(repository, path), "utf8");
  return [...text.matchAll(/```(ts|sh) ?(\S*)\n([\s\S]*?)```/g)].map(([, language = "", file = "", body = ""]) => ({
    language,
    file,
    text: body,
  }));
}

test("the programs compile", () => {
  // Throws with what the compiler says.
  const said = (): string => {
    try {
      return execFileSync(join(repository, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  expect(said()).toBe("");
});

describe.each(GUIDES)("the guide %s", (guide) => {
  test("is the same in Chinese", () => {
    const blocks = blocksOf(`docs/guide/${guide}.md`);
    expect(blocks.filter(({ language, file }) => language === "ts" && file === "")).toEqual([]);
    expect(blocksOf(`docs/zh/guide/${guide}.md`)).toEqual(blocks);
  });

  test("has commands that work", async () => {
    const env = {
      ...process.env,
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      KUBECONFIG: cluster.kubeconfigFile,
      KUBECACHEDIR: join(folder, "cache"),
    };
    const commands = blocksOf(`docs/guide/${guide}.md`).filter(({ language }) => language === "sh");
    expect(commands.length).toBeGreaterThan(0);
    // `! command` says that it fails, which `set -e` does not look at by itself.
    const script = commands
      .map(({ text }) => text)
      .join("\n")
      .replaceAll(/^! (.*)$/gm, "if $1; then echo 'this should have failed'; exit 1; fi");
    const ran = await new Promise<{ failed: boolean; said: string }>((resolve) => {
      execFile(
        "bash",
        ["-euxc", `trap 'kill $(jobs -p) 2>/dev/null || true; cat *.log 2>/dev/null || true' EXIT\n${script}`],
        { env, cwd: join(folder, guide), timeout: 100_000 },
        (error, stdout, stderr) => resolve({ failed: error !== null, said: `${stdout}${stderr}` }),
      );
    });
    expect(ran.failed, ran.said).toBe(false);
  });
});
