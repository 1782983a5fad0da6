// Checks the imports between packages and between their folders against `layers.ts`, that folders are entered through index.ts
// only, and that engines name no kind. Run by `npm run lint`.
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { ENGINES, FOLDERS, NAMED, PACKAGES, PURE, ROOT } from "./layers.ts";

/** `node:net` only tells addresses apart here (`isIP`). */
const IO = /^node:(fs|tls|http|https|child_process|worker_threads|dgram)/;
const COMPARED = /(?:===|!==|case)\s*"(\w+)"/g;

const root = resolve(import.meta.dirname, "..");
const table = JSON.parse(readFileSync(resolve(root, "packages/machinery/data/kinds.json"), "utf8")) as {
  readonly rows: readonly { readonly kind: string; readonly plural: string }[];
};
const kindNames = new Set(table.rows.flatMap(({ kind, plural }) => [kind, plural]));
const problems: string[] = [];
/** Permissions that an import made use of: `kit → api`, `kit/client → kit/api`; and each folder that has files. */
const used = new Set<string>();

for (const file of globSync("packages/*/src/**/*.ts", { cwd: root })) checkFile(file);
checkPermissions();
for (const [pack, folders] of Object.entries(FOLDERS)) checkCircles(pack, folders);

for (const problem of problems) console.error(problem);
console.log(`layers: ${problems.length === 0 ? "all arrows point the allowed way" : `${problems.length} problems`}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkFile(file: string): void {
  const text = readFileSync(resolve(root, file), "utf8");
  const { pack, folder } = placeOf(file);
  const isTest = /\.test(-d)?\.ts$/.test(file);
  const complain = (what: string): void => void problems.push(`${file}: ${what}`);
  if (!isTest) {
    used.add(`${pack}/${folder}`);
    if (FOLDERS[pack]?.[folder] === undefined) complain(`scripts/layers.ts does not list ${pack}/${folder}`);
    if (ENGINES.includes(`${pack}/${folder}`)) findKinds(file, text, complain);
  }
  for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    if (specifier.startsWith("@outrigger/")) checkPackage(specifier, pack, isTest, complain);
    else if (specifier.startsWith(".")) checkRelative(file, specifier, isTest, complain);
    else if (PURE.includes(`${pack}/${folder}`) && IO.test(specifier) && !isTest)
      complain(`${folder} is pure and may not import ${specifier}`);
  }
}

/** The files of a package that are in no folder have the folder `ROOT`. */
function placeOf(file: string): { readonly pack: string; readonly folder: string } {
  const [, pack = "", , ...path] = file.split("/");
  return { pack, folder: path.length > 1 ? path[0]! : ROOT };
}

function findKinds(file: string, text: string, complain: (what: string) => void): void {
  for (const [index, line] of text.split("\n").entries()) {
    for (const [, name = ""] of line.matchAll(COMPARED)) {
      if (!kindNames.has(name)) continue;
      if (NAMED[file]?.includes(name)) used.add(`${file} ${name}`);
      else complain(`line ${index + 1} names the kind ${name}; a row or a strategy should carry what is particular to it`);
    }
  }
}

function checkPackage(specifier: string, pack: string, isTest: boolean, complain: (what: string) => void): void {
  const [, target = "", ...rest] = specifier.split("/");
  if (rest.length > 1) complain(`${specifier} reaches into a folder`);
  if (target === pack) complain(`imports its own package as ${specifier}`);
  else if (!isTest) {
    if (!PACKAGES[pack]?.includes(target)) complain(`${pack} may not import ${target}`);
    used.add(`${pack} → ${target}`);
  }
}

function checkRelative(file: string, specifier: string, isTest: boolean, complain: (what: string) => void): void {
  const { pack, folder } = placeOf(file);
  const target = relative(root, resolve(dirname(resolve(root, file)), specifier));
  const to = placeOf(target);
  if (to.pack !== pack) complain(`reaches into ${to.pack} by a relative path`);
  if (to.pack !== pack || to.folder === folder) return;
  if (to.folder !== ROOT && !/\/(index|contracts?)\.ts$/.test(target)) complain(`enters ${to.folder} beside its index.ts: ${specifier}`);
  if (isTest) return;
  if (to.folder === ROOT && target.endsWith("/index.ts")) complain("imports its own package's front door");
  if (!FOLDERS[pack]?.[folder]?.includes(to.folder)) complain(`${pack}/${folder} may not import ${pack}/${to.folder}`);
  used.add(`${pack}/${folder} → ${pack}/${to.folder}`);
}

function checkPermissions(): void {
  const unused = (permission: string): void => void problems.push(`scripts/layers.ts: nothing uses ${permission}`);
  for (const [pack, targets] of Object.entries(PACKAGES))
    for (const target of targets) if (!used.has(`${pack} → ${target}`)) unused(`${pack} → ${target}`);
  for (const [pack, folders] of Object.entries(FOLDERS)) {
    for (const [folder, targets] of Object.entries(folders)) {
      if (!used.has(`${pack}/${folder}`)) unused(`the folder ${pack}/${folder}`);
      for (const target of targets) {
        const permission = `${pack}/${folder} → ${pack}/${target}`;
        if (!used.has(permission)) unused(permission);
      }
    }
  }
  for (const [file, names] of Object.entries(NAMED))
    for (const name of names) if (!used.has(`${file} ${name}`)) unused(`the name ${name} in ${file}`);
  for (const folder of [...PURE, ...ENGINES]) if (!used.has(folder)) unused(`the folder ${folder}`);
}

/** Folders that import each other. The files in no folder are left out: folders use some of them, and others use the folders. */
function checkCircles(pack: string, folders: Readonly<Record<string, readonly string[]>>): void {
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    const start = path.indexOf(folder);
    if (start >= 0) return void problems.push(`scripts/layers.ts: a circle in ${pack}: ${[...path.slice(start), folder].join(" → ")}`);
    if (done.has(folder)) return;
    for (const target of folders[folder] ?? []) if (target !== ROOT) visit(target, [...path, folder]);
    done.add(folder);
  };
  for (const folder of Object.keys(folders)) if (folder !== ROOT) visit(folder, []);
}
