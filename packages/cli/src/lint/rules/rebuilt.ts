// In a project: sources that changed since the image's tag was set.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseDocument } from "yaml";
import type { Project } from "../../project/index.ts";
import type { Finding } from "../finding.ts";

const SOURCES = ["src", "package.json", "package-lock.json", "Dockerfile"];

/** A finding when the tag in the chart's values is older than what the image is built from; needs git, and is silent without. */
export function rebuiltTag({ folder, name }: Project): Finding[] {
  const values = `charts/${name}/values.yaml`;
  if (!existsSync(join(folder, values))) return [];
  const text = readFileSync(join(folder, values), "utf8");
  const document = parseDocument(text);
  const image = (document.toJS() as { image?: { tag?: unknown; digest?: unknown; pullPolicy?: unknown } } | null)?.image;
  if (!image || typeof image.tag !== "string" || image.tag === "latest" || image.digest || image.pullPolicy === "Always") return [];
  const set = git(folder, "log", "-1", "--format=%H", `-G^ *tag: *["']?${image.tag.replaceAll(".", "\\.")}`, "--", values);
  if (!set || git(folder, "diff", "--quiet", "HEAD", "--", values) === undefined) return [];
  const changed = git(folder, "diff", "--name-only", "--relative", set, "--", ...SOURCES);
  if (!changed) return [];
  const line = text.slice(0, Math.max(0, text.indexOf("tag:"))).split("\n").length;
  const [first = ""] = changed.split("\n");
  return [
    {
      file: relative(process.cwd(), join(folder, values)),
      line,
      rule: "rebuilt-tag",
      message: `${first} changed after the image's tag became ${image.tag}: nodes that have ${image.tag} do not pull it again, and the change has no effect. Give the next build a new tag`,
    },
  ];
}

/** What git says; `undefined` when it fails. */
function git(folder: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", [...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
