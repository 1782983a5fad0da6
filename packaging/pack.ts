/**
 * Makes the tarballs that are published, one a package of `packages/`.
 *
 * Guarantees
 * - A tarball holds what runs, its types, README and LICENSE: no sources, tests, source maps without sources or build state.
 * - `exports` has no development condition: nothing in a tarball names a file that the tarball lacks.
 * - The repository is left as it is; each package is packed from a copy.
 */
import { execFile } from "node:child_process";
import { cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
/** The export condition under which the repository's own programs read sources. */
const DEVELOPMENT = "source";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly exports?: Exports;
  readonly [field: string]: unknown;
}
type Exports = string | { readonly [condition: string]: Exports };

/** One packed package. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  /** Path of the `.tgz`. */
  readonly file: string;
}

/** Packs every package of the workspace into `folder`, which is made when it is missing. Needs the build (`tsc -b`). */
export async function packAll(folder: string): Promise<Packed[]> {
  await mkdir(folder, { recursive: true });
  const packed: Packed[] = [];
  for await (const file of glob("packages/*/package.json", { cwd: root })) packed.push(await pack(resolve(root, file, ".."), folder));
  return packed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function pack(source: string, folder: string): Promise<Packed> {
  const own = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as PackageJson;
  const stage = await mkdtemp(join(tmpdir(), "outrigger-pack-"));
  try {
    for (const part of own.files) await cp(join(source, part), join(stage, part), { recursive: true, filter: isPublished });
    for await (const file of glob("dist/**/*.{js,d.ts}", { cwd: stage })) await withoutSourceMap(join(stage, file));
    await writeFile(join(stage, "package.json"), `${JSON.stringify(published(own), undefined, 2)}\n`);
    await cp(join(root, "LICENSE"), join(stage, "LICENSE"));
    await cp(join(source, "README.md"), join(stage, "README.md"));
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", resolve(folder)], { cwd: stage });
    return { name: own.name, version: own.version, file: resolve(folder, tarballOf(stdout)) };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** npm 11 answers with a list, npm 12 with an object keyed by the package's name. */
function tarballOf(answer: string): string {
  const [one] = Object.values(JSON.parse(answer) as Record<string, { readonly filename: string }>);
  if (!one) throw new Error(`npm pack named no tarball: ${answer}`);
  return one.filename;
}

function isPublished(path: string): boolean {
  return !/(\.map|\.tsbuildinfo|\.test\.(js|d\.ts))$/.test(path);
}

/** The line that names a source map goes where the map does not. */
async function withoutSourceMap(file: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const without = text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n");
  if (without !== text) await writeFile(file, without);
}

function published({ exports, ...rest }: PackageJson): object {
  const { scripts: _, devDependencies: __, ...fields } = rest;
  return { ...fields, ...(exports === undefined ? {} : { exports: withoutCondition(exports) }), publishConfig: { access: "public" } };
}

function withoutCondition(exports: Exports): Exports {
  if (typeof exports === "string") return exports;
  return Object.fromEntries(
    Object.entries(exports).flatMap(([key, value]) => (key === DEVELOPMENT ? [] : [[key, withoutCondition(value)] as const])),
  );
}
