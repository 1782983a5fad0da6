import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository } from "./outrigger.ts";

// Programs of the guides are blocks with a file's name (```ts record.ts). Each must compile as it stands, and the Chinese
// page must have the same code as the English one, but for comments.
const PAGES = globSync("docs/{*.md,guide/*.md}", { cwd: repository });

const blocks = (page: string) =>
  [...readFileSync(join(repository, page), "utf8").matchAll(/```(\w+)(?: ([^\n]*))?\n([\s\S]*?)```/g)].map(
    ([, language = "", file, code = ""]) => ({ language, file, code }),
  );
const withoutComments = (code: string): string => code.replace(/\s+(#|\/\/) .*$/gm, "");

test.each(PAGES)("%s has the same code in Chinese", (page) => {
  const code = (of: string) => blocks(of).map(({ language, file, code }) => ({ language, file, code: withoutComments(code) }));
  expect(code(page.replace(/^docs/, "docs/zh"))).toEqual(code(page));
});

test("the programs in the guides compile", async () => {
  // Within the repository, where the packages are found.
  const folder = mkdtempSync(join(repository, "e2e", ".guides-"));
  try {
    const programs = PAGES.filter((page) => dirname(page) === "docs/guide").flatMap((page) =>
      blocks(page).flatMap(({ language, file, code }) =>
        language === "ts" && file?.endsWith(".ts") ? [{ path: join(folder, basename(page, ".md"), file), code }] : [],
      ),
    );
    expect(programs.length).toBeGreaterThan(4);
    for (const { path, code } of programs) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
    }
    const compilerOptions = { composite: false, declarationMap: false, noEmit: true };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions, include: ["**/*.ts"] }),
    );
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    const said = await promisify(execFile)(process.execPath, [compiler, "-p", folder]).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout: string }) => error.stdout,
    );
    expect(said).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
