// `npm run generate` writes deploy/ from what the code declares; `--check` only says what would change, and fails then.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { outputs } from "./outputs.ts";

const root = new URL("../../deploy/", import.meta.url).pathname;
/** Folders in which every file is generated, but for those that stand here. */
const GENERATED = ["helm/outrigger/templates", "kustomize"];
const BY_HAND = ["helm/outrigger/templates/_helpers.tpl", "helm/outrigger/templates/NOTES.txt"];

const wanted = outputs();
const present = GENERATED.flatMap((folder) => globSync(`${folder}/**/*.*`, { cwd: root })).filter((file) => !BY_HAND.includes(file));
const stale = present.filter((file) => !wanted.has(file));
const changed = [...wanted].filter(([file, content]) => read(join(root, file)) !== content);

if (process.argv.includes("--check")) {
  for (const file of [...stale, ...changed.map(([file]) => file)]) console.error(`deploy/${file} is stale: npm run generate`);
  process.exitCode = stale.length + changed.length === 0 ? 0 : 1;
} else {
  for (const file of stale) rmSync(join(root, file));
  for (const [file, content] of changed) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
}
console.log(
  `deploy: ${wanted.size} generated files, ${changed.length + stale.length} ${process.argv.includes("--check") ? "stale" : "changed"}`,
);

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
