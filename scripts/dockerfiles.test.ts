import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const dockerfiles = globSync("packages/*/{Dockerfile,templates/**/Dockerfile.tmpl}", { cwd: root, exclude: ["**/node_modules/**"] });

test("every base image of a Dockerfile is an argument, so that a build can pin it by its digest, and works without", () => {
  expect(dockerfiles).toHaveLength(3);
  const guides = ["docs/operations.md", "docs/zh/operations.md"].map((file) => readFileSync(resolve(root, file), "utf8"));
  for (const file of dockerfiles) {
    const [head = "", ...rest] = readFileSync(resolve(root, file), "utf8").split(/^(?=FROM )/m);
    // Only arguments before the first FROM are known to a FROM.
    const bases = new Map([...head.matchAll(/^ARG (\w+)=(\S+:\S+)$/gm)].map(([, name = "", value = ""]) => [name, value]));
    const stages = new Set(["scratch"]);
    const used = new Set<string>();
    for (const text of rest) {
      const [, image = "", stage] = /^FROM (\S+)(?: AS (\S+))?$/m.exec(text) ?? [];
      const argument = /^\$\{(\w+)\}$/.exec(image)?.[1];
      if (!stages.has(image)) expect([...bases.keys()], `${file}: FROM ${image}`).toContain(argument);
      if (argument !== undefined) used.add(argument);
      if (stage !== undefined) stages.add(stage);
    }
    expect([...used].sort(), file).toEqual([...bases.keys()].sort());
    for (const guide of guides) for (const [name, image] of bases) expect(guide).toContain(`| \`${name}\` | \`${image}\` |`);
  }
});
