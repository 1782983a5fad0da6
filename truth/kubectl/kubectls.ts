import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** A kubectl and its minor version: `1.36`. */
export interface KubectlBinary {
  readonly path: string;
  readonly version: string;
}

/** Every kubectl at hand, one for each minor version: `KUBECTL`, those on PATH, and those beside them as `kubectl.1.27`. */
export function kubectlsAtHand(): KubectlBinary[] {
  const found = new Map<string, KubectlBinary>();
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const named = process.env["KUBECTL"];
  for (const path of [...(named ? [named] : []), ...folders.map((folder) => join(folder, "kubectl"))]) {
    if (!existsSync(path)) continue;
    const beside = dirname(path);
    const siblings = readdirSync(beside).filter((name) => /^kubectl\.1\.\d+$/.test(name));
    for (const one of [path, ...siblings.map((name) => join(beside, name))]) {
      const version = versionOf(one);
      if (version !== undefined && !found.has(version)) found.set(version, { path: realName(one), version });
    }
  }
  return [...found.values()];
}

/** Resolves links, unless they lead to a binary that is not named kubectl: such a one chooses what to do by the name of the link. */
function realName(path: string): string {
  const real = realpathSync(path);
  return /kubectl/.test(real.slice(real.lastIndexOf("/"))) ? real : path;
}

function versionOf(path: string): string | undefined {
  try {
    const text = execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const { gitVersion } = (JSON.parse(text) as { clientVersion: { gitVersion: string } }).clientVersion;
    // Only plain versions: builds of vendors word some errors differently.
    return /^v(\d+\.\d+)\.\d+$/.exec(gitVersion)?.[1];
  } catch {
    return undefined;
  }
}
