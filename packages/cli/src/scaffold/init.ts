import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { dnsLabelProblems, dnsSubdomainProblems } from "@outrigger/kit/api";
import { CliError } from "../errors.ts";
import { SETTINGS_FILE } from "../project/index.ts";
import { filled, writeNew } from "./template.ts";

export interface InitOptions {
  readonly domain?: string;
  readonly name?: string;
  readonly image?: string;
}

/** Template → the file that it becomes. */
const FILES = {
  "outrigger.json": SETTINGS_FILE,
  "package.json": "package.json",
  "tsconfig.json": "tsconfig.json",
  gitignore: ".gitignore",
  dockerignore: ".dockerignore",
  Dockerfile: "Dockerfile",
  "README.md": "README.md",
  "github/ci.yml": ".github/workflows/ci.yml",
  "src/main.ts": "src/main.ts",
  "src/operator.ts": "src/operator.ts",
};

/** `outrigger init`: a new project in a folder that is empty, or holds nothing of the same names. */
export function init(folder: string, { domain = "example.com", name: given, image }: InitOptions): void {
  const root = resolve(folder);
  const name =
    given ??
    basename(root)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, "-");
  check("--name", name, dnsLabelProblems(`${name}-system`));
  check("--domain", domain, dnsSubdomainProblems(domain));
  if (existsSync(root) && readdirSync(root).includes(SETTINGS_FILE)) throw new CliError(`${root} is a project already`);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const values = { name, domain, version, image: image ?? `${name}:latest` };
  writeNew(root, Object.fromEntries(Object.entries(FILES).map(([template, file]) => [file, filled(`project/${template}`, values)])));
  const here = relative(process.cwd(), root);
  console.log(`Made the project ${name} in ${here === "" ? "this folder" : here}. Next:\n`);
  if (here !== "") console.log(`  cd ${here}`);
  console.log("  npm install");
  console.log("  npx outrigger create api --group apps --version v1 --kind Website");
  console.log("  npm test");
}

function check(option: string, value: string, [problem]: readonly string[]): void {
  if (problem) throw new CliError(`${option} ${value}: ${problem}`, { exitCode: 2 });
}
