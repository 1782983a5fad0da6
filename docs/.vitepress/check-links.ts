import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&quot;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">" };
const plain = (text: string): string => text.replace(/&(?:amp|quot|#39|lt|gt);/g, (entity) => entities[entity] ?? entity);

/**
 * Follows each link of a built site that stays in the site, with its anchor.
 *
 * @returns one line for each link that leads to no file, or to an anchor that its page does not have.
 */
export function brokenLinks(site: string): { broken: string[]; links: number; pages: number } {
  const pages = globSync("**/*.html", { cwd: site });
  const anchors = new Map<string, Set<string>>();
  const anchorsOf = (file: string): Set<string> => {
    let known = anchors.get(file);
    if (!known) {
      known = new Set([...readFileSync(file, "utf8").matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id = ""]) => plain(id)));
      anchors.set(file, known);
    }
    return known;
  };
  const broken: string[] = [];
  let links = 0;
  for (const page of pages) {
    const file = join(site, page);
    // Text of code blocks has its "<" escaped, so that only tags are found.
    for (const [, written = ""] of readFileSync(file, "utf8").matchAll(/<a\s[^>]*?href="([^"]*)"/g)) {
      const href = plain(written);
      if (/^[a-z]+:|^\/\//i.test(href)) continue;
      links++;
      const [path = "", anchor = ""] = href.split("#", 2);
      const base = path.startsWith("/") ? join(site, path) : path === "" ? file : resolve(dirname(file), path);
      const target = [base, `${base}.html`, join(base, "index.html")].find((one) => existsSync(one) && statSync(one).isFile());
      if (!target) broken.push(`${page}: ${href} leads to no page`);
      else if (anchor !== "" && target.endsWith(".html") && !anchorsOf(target).has(decodeURIComponent(anchor)))
        broken.push(`${page}: ${href}: ${relative(site, target)} has no such heading`);
    }
  }
  return { broken: [...new Set(broken)], links, pages: pages.length };
}
