import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** What of markdown-it is used here. */
interface Token {
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}
interface Markdown {
  core: { ruler: { push(name: string, rule: (state: { tokens: { children: Token[] | null }[]; env: { path?: string } }) => void): void } };
}

const repository = join(import.meta.dirname, "../..");
const docs = join(repository, "docs");
const manifest = JSON.parse(readFileSync(join(repository, "packages/kit/package.json"), "utf8"));
const address = String(manifest.repository.url)
  .replace(/^git\+/, "")
  .replace(/\.git$/, "");

/**
 * Links from a page to files of the repository that are not pages (`../../examples/06-finalizer`) lead to the repository's
 * address in the site.
 *
 * @throws when there is no such file or folder: it fails the build.
 */
export function repositoryLinks(markdown: Markdown): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.attrGet("href");
      if (!href?.startsWith(".") || !env.path) continue;
      const target = resolve(dirname(env.path), href.replace(/#.*$/, ""));
      if (!relative(docs, target).startsWith("..")) continue;
      if (!existsSync(target)) throw new Error(`${env.path}: the link ${href} leads to nothing`);
      token.attrSet("href", `${address}/${statSync(target).isDirectory() ? "tree" : "blob"}/main/${relative(repository, target)}`);
    }
  });
}
