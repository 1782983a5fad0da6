/** A folder outside the repository, as somebody has it who knows the published packages only. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Outside extends AsyncDisposable {
  readonly folder: string;
  write(file: string, text: string): Promise<void>;
  /** Runs a program there, with this test's Node first on PATH and nothing of the repository's. @returns what it printed. @throws with both outputs when it fails. */
  run(program: string, ...args: readonly string[]): Promise<string>;
}

export async function outside(environment: NodeJS.ProcessEnv = {}): Promise<Outside> {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-outside-"));
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", ...environment };
  for (const name of Object.keys(env))
    if (!(name in environment) && /^(npm_|VITEST|INIT_CWD|NODE_OPTIONS|NODE_ENV)/.test(name)) delete env[name];
  const inherited = (env["PATH"] ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
  env["PATH"] = [dirname(process.execPath), ...inherited].join(delimiter);
  return {
    folder,
    write: (file, text) => writeFile(join(folder, file), text),
    async run(program, ...args) {
      try {
        const { stdout } = await run(program, [...args], { cwd: folder, env, maxBuffer: 1 << 26 });
        return stdout;
      } catch (error) {
        const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
        throw new Error(`${[program, ...args].join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
