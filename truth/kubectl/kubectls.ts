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

/** One binary may be many programs, told apart by its name: a link to it is followed only as far as it is called kubectl. */
function realName(path: string): string {
  const real = realpathSync(path);
  return /kubectl/.test(real.slice(real.lastIndexOf("/"))) ? real : path;
}

function versionOf(path: string): string | undefined {
  try {
    const text = execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const { gitVersion } = (JSON.parse(text) as { clientVersion: { gitVersion: string } }).clientVersion;
    // Builds of others print some errors otherwise.
    return /^v(\d+\.\d+)\.\d+$/.exec(gitVersion)?.[1];
  } catch {
    return undefined;
  }
}
