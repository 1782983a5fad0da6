// What an author of an operator pays: the processor time of a process that does nothing but import the kit, as a ratio to a bare
// Node's, and what the kit with its dependencies takes on disk.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { packAll } from "../../packaging/pack.ts";
import type { Figure } from "../main.ts";

const root = resolve(import.meta.dirname, "../..");
const STARTS = 3;
const SIZE = 15;

export async function run(seconds: number): Promise<Figure[]> {
  return [started(seconds), await installed()];
}

/** The smaller of many starts of each: what else the machine does makes a start longer, never shorter. */
function started(seconds: number): Figure {
  const end = performance.now() + seconds * 1000;
  let bare = Number.POSITIVE_INFINITY;
  let kit = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 || performance.now() < end; round++) {
    bare = Math.min(bare, processorMs(["-e", "0"]));
    kit = Math.min(kit, processorMs(["--input-type=module", "-e", 'import "@outrigger/kit"']));
  }
  const ratio = kit / bare;
  return {
    what: "a process that only imports the kit, processor time",
    value: `${ratio.toFixed(1)} × a bare Node's (${kit.toFixed(0)} ms, ${bare.toFixed(0)} ms)`,
    goal: `≤ ${STARTS} ×`,
    met: ratio <= STARTS,
  };
}

/** User and system time of a process that runs to its end: it writes its own at its exit. */
function processorMs(args: readonly string[]): number {
  const report = `import { writeSync } from "node:fs";
    process.on("exit", () => { const { user, system } = process.cpuUsage(); writeSync(2, String((user + system) / 1000)); });`;
  const all = ["--import", `data:text/javascript,${encodeURIComponent(report)}`, ...args];
  const { status, stderr } = spawnSync(process.execPath, all, { cwd: join(root, "packages/operator"), encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${stderr}`);
  return Number(stderr);
}

async function installed(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-bench-"));
  try {
    const packed = (await packAll(folder)).find(({ name }) => name === "@outrigger/kit")!;
    execFileSync("tar", ["-xzf", packed.file, "-C", folder]);
    const packages = dependencies(join(folder, "package"), new Map());
    let bytes = await onDisk(join(folder, "package"));
    for (const one of packages.values()) bytes += await onDisk(one);
    const size = bytes / 1e6;
    return {
      what: `the kit with its ${packages.size} dependencies, on disk`,
      value: `${size.toFixed(1)} MB`,
      goal: `≤ ${SIZE} MB`,
      met: size <= SIZE,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every package that npm installs for `folder`, by name, as the repository's own installation has them. */
function dependencies(folder: string, found: Map<string, string>): Map<string, string> {
  const { dependencies: wanted = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies?: object };
  for (const name of Object.keys(wanted)) {
    if (found.has(name)) continue;
    const nested = join(folder, "node_modules", name);
    const place = existsSync(nested) ? nested : join(root, "node_modules", name);
    found.set(name, place);
    dependencies(place, found);
  }
  return found;
}

/** Bytes of the blocks that a folder's files take. */
async function onDisk(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).blocks * 512, 0);
}
