import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** A mount of `/proc/self/mountinfo` (proc(5)): the part of the file system that is mounted, and where. */
interface Mount {
  readonly root: string;
  readonly point: string;
}

/**
 * What keeps a mounted file from following its ConfigMap: a `subPath`, which the kubelet never updates, or another volume that is mounted
 * over it.
 *
 * @param path of the file, absolute
 * @param table content of `/proc/self/mountinfo`; by default that of this process, and nothing where there is none (not Linux)
 */
export async function mountProblems(path: string, table?: string): Promise<string[]> {
  const text = table ?? (await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
  const mounts = parseMounts(text);
  const problems: string[] = [];
  const own = mounts.filter(({ point }) => point === path);
  const folders = ancestors(path);
  const around = mounts.filter(({ point }) => folders.includes(point));
  const nearest = around.reduce<Mount | undefined>(
    (best, mount) => (!best || mount.point.length >= best.point.length ? mount : best),
    undefined,
  );
  if (own.length > 0 || (nearest && isSubPath(nearest)))
    problems.push(
      `${path} is mounted with subPath: the kubelet never updates it; mount the whole ConfigMap into a folder of its own and leave subPath out`,
    );
  for (const point of new Set([...own, ...(nearest ? [nearest] : [])].map((mount) => mount.point))) {
    const stacked = mounts.filter((mount) => mount.point === point).length;
    if (stacked > 1) problems.push(`${stacked} volumes are mounted at ${point}: only the last one is seen; give each a folder of its own`);
  }
  return problems;
}

/** The kubelet mounts a subPath of a ConfigMap from the folder of one swap, which has its time as name, or by way of `volume-subpaths`. */
function isSubPath({ root }: Mount): boolean {
  return /\/\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+(\/|$)/.test(root) || root.includes("/volume-subpaths/");
}

function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [, , , root, point] = line.split(" ");
    return root !== undefined && point !== undefined ? [{ root: unescaped(root), point: unescaped(point) }] : [];
  });
}

/** Blanks and backslashes stand as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The folders above a path, without the root: what is mounted there is the container's own file system. */
function ancestors(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== "/" && folder !== "."; folder = dirname(folder)) folders.push(folder);
  return folders;
}
