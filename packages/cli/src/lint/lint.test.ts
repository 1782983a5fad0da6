import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { lint } from "./command.ts";
import { rebuiltTag } from "./rules/rebuilt.ts";

const folder = relative(process.cwd(), new URL("../../testdata/lint", import.meta.url).pathname);
afterEach(() => vi.restoreAllMocks());

async function linted(...paths: readonly string[]): Promise<{ readonly lines: string[]; readonly error: unknown }> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const error: unknown = await lint(paths, { output: "text" }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return { lines, error };
}

test("each trap is found, in its line", async () => {
  const { lines, error } = await linted(`${folder}/bad`);
  expect(lines.map((line) => line.replace(`${folder}/bad/`, "").replace(/: .* \(/, " ("))).toEqual([
    "chart/templates/operator.yaml:27 (custom-resource-in-operators-chart)",
    "config-maps.yaml:13 (config-map-sub-path)",
    "config-maps.yaml:11 (two-volumes-on-one-path)",
    "jobs.yaml:19 (sidecar-of-job)",
    "latest-if-not-present.yaml:12 (latest-if-not-present)",
    "moving-tag.yaml:13 (moving-tag)",
    "moving-tag.yaml:16 (moving-tag)",
    "webhook.yaml:17 (no-probes)",
    "webhook.yaml:24 (webhook-without-failure-policy)",
    "webhook.yaml:24 (webhook-matches-own-manager)",
  ]);
  expect(String(error)).toMatch(/10 traps in \d+ objects/);
});

test("nothing is found where all is well", async () => {
  const { lines, error } = await linted(`${folder}/good`);
  expect(error).toBeUndefined();
  expect(lines).toEqual([expect.stringMatching(/^No traps in \d+ objects\.$/)]);
});

test("a file that is no YAML, and one that is not there, are named", async () => {
  const wrong = mkdtempSync(join(tmpdir(), "outrigger-lint-"));
  onTestFinished(() => rmSync(wrong, { recursive: true }));
  writeFileSync(join(wrong, "a.yaml"), "kind: [");
  expect(String((await linted(wrong)).error)).toContain("a.yaml: ");
  expect(String((await linted(join(wrong, "b.yaml"))).error)).toContain("b.yaml: no such file or folder");
});

test("a project whose image's tag is older than its sources is told so", () => {
  const project = { folder: mkdtempSync(join(tmpdir(), "outrigger-lint-")), name: "demo", domain: "", image: "demo:v1" };
  onTestFinished(() => rmSync(project.folder, { recursive: true }));
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main", ...args], {
      cwd: project.folder,
    });
  const write = (file: string, text: string): void => {
    mkdirSync(join(project.folder, file, ".."), { recursive: true });
    writeFileSync(join(project.folder, file), text);
  };
  const commit = () => {
    git("add", "-A");
    git("commit", "-qm", "x");
  };
  git("init", "-q");
  write("charts/demo/values.yaml", "image:\n  repository: demo\n  tag: v1\n");
  write("src/main.ts", "1");
  commit();
  expect(rebuiltTag(project)).toEqual([]);
  write("src/main.ts", "2");
  expect(rebuiltTag(project)).toMatchObject([
    { line: 3, rule: "rebuilt-tag", message: expect.stringContaining("src/main.ts changed after the image's tag became v1") },
  ]);
  commit();
  expect(rebuiltTag(project)).toHaveLength(1);
  write("charts/demo/values.yaml", "image:\n  repository: demo\n  tag: v2\n");
  expect(rebuiltTag(project)).toEqual([]);
  commit();
  expect(rebuiltTag(project)).toEqual([]);
});
