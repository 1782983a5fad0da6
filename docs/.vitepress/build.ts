// Builds the site into docs/.vitepress/dist: the pages of docs/ by VitePress, then follows every link.
// Exit code 1 when a link leads to no page or heading.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { brokenLinks } from "./check-links.ts";

const docs = join(import.meta.dirname, "..");
const site = join(import.meta.dirname, "dist");
execFileSync(join(docs, "node_modules/.bin/vitepress"), ["build"], { cwd: docs, stdio: "inherit" });
const { broken, links, pages } = brokenLinks(site);
for (const line of broken) console.error(line);
console.log(`${pages} pages, ${links} links inside the site, ${broken.length} of them broken: ${site}`);
if (broken.length > 0) process.exitCode = 1;
