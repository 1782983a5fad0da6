import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");

test("examples use what users have: @outrigger/kit, @outrigger/testing, what their package.json names, and their own files", () => {
  const files = globSync("examples/*/**/*.ts", { cwd: root, exclude: ["**/node_modules/**"] });
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const imports = [...readFileSync(resolve(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name!);
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(resolve(root, file.split("/").slice(0, 2).join("/"), "package.json"), "utf8"),
    ) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const foreign = imports.filter(
      (name) =>
        !Object.hasOwn({ ...dependencies, ...devDependencies }, name) &&
        !/^(@outrigger\/kit(\/[a-z]+)?|@outrigger\/testing|vitest|node:[a-z/]+|\.\/[\w-]+\.ts)$/.test(name),
    );
    expect(foreign, file).toEqual([]);
    expect(
      imports.filter((name) => name === "vitest" && !file.endsWith(".test.ts")),
      file,
    ).toEqual([]);
  }
});
