// Builds the site into docs/.vitepress/dist: the API reference by TypeDoc, then all pages of docs/ by VitePress, then follows
// every link. Exit code 1 when a link leads to no page or heading, or an exported name has no sentence.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { brokenLinks } from "./check-links.ts";
import { writeReference } from "./reference/build.ts";

const docs = join(import.meta.dirname, "..");
const site = join(import.meta.dirname, "dist");
const unsaid = await writeReference();
for (const line of unsaid) console.error(line);
execFileSync(join(docs, "node_modules/.bin/vitepress"), ["build"], { cwd: docs, stdio: "inherit" });
const { broken, links, pages } = brokenLinks(site);
for (const line of broken) console.error(line);
console.log(`${pages} pages, ${links} links inside the site, ${broken.length} of them broken: ${site}`);
if (broken.length > 0 || unsaid.length > 0) process.exitCode = 1;
