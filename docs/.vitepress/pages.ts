import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const docs = join(import.meta.dirname, "..");

interface Entry {
  readonly text: string;
  readonly link: string;
}
const names = (folder: string): string[] =>
  readdirSync(join(docs, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => file.slice(0, -".md".length))
    .sort();

/** A page under the title that it has itself. */
export function page(path: string): Entry {
  const title = /^# (.*)$/m.exec(readFileSync(join(docs, `${path}.md`), "utf8"))?.[1];
  return { text: title ?? path, link: `/${path}` };
}

/** The guides of a language in reading order: those of `first` that are there, then every other one but those of `elsewhere`. */
export function guides(folder: string, first: readonly string[], elsewhere?: readonly string[]): Entry[] {
  const others = elsewhere ? names(folder).filter((name) => !first.includes(name) && !elsewhere.includes(name)) : [];
  return [...first.filter((name) => existsSync(join(docs, folder, `${name}.md`))), ...others].map((name) => page(`${folder}/${name}`));
}

/** Every decision, in the order of their numbers. */
export function decisions(): Entry[] {
  return names("decisions").map((name) => page(`decisions/${name}`));
}

/** The pages of the API reference that the build has written, by the name of what is imported. */
export function reference(): Entry[] {
  const pages = globSync("reference/**/*.md", { cwd: docs }).map((file) => file.slice(0, -".md".length));
  return pages
    .filter((path) => path !== "reference/index")
    .map(page)
    .sort((a, b) => (a.text < b.text ? -1 : 1));
}
