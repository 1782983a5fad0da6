// Checks the arrows between packages and between their folders, and that folders are entered through index.ts only.
// Run by `npm run lint`. An allow-list: what does not stand here is refused.
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

/** Package → folder → the folders it may import. */
const FOLDERS: Record<string, Record<string, readonly string[]>> = {
  kit: {
    api: [],
    kubernetes: [],
    metrics: [],
    schema: ["api"],
    kinds: ["api", "kubernetes", "schema"],
    patch: ["api"],
    queue: ["api"],
    pki: [],
    client: ["api", "kubernetes", "schema", "kinds", "patch", "queue", "pki"],
    cache: ["api", "schema", "kinds", "client", "queue"],
    controller: ["api", "schema", "kinds", "patch", "client", "cache", "queue"],
    webhook: ["api", "kubernetes", "schema", "kinds", "patch", "pki", "client", "cache", "queue"],
    manager: ["api", "metrics", "schema", "kinds", "client", "cache", "queue", "controller", "webhook", "pki"],
  },
  machinery: { schema: [], cel: ["schema"], patch: [], kinds: [] },
};
/** Package → the packages of ours it may import. */
const PACKAGES: Record<string, readonly string[]> = {
  agent: [],
  kit: [],
  machinery: ["kit"],
  config: ["kit", "machinery"],
  devcluster: ["kit", "machinery"],
  testing: ["kit", "devcluster"],
  operator: ["kit", "machinery", "agent"],
  cli: ["kit", "devcluster", "testing", "operator", "agent"],
};
/** Folders of pure functions: no file, process or network modules. */
const PURE = ["kit/api", "kit/schema", "kit/patch", "kit/queue", "machinery/schema", "machinery/cel", "machinery/patch"];
/** `node:net` only tells addresses apart here (`isIP`). */
const IO = /^node:(fs|tls|http|https|child_process|worker_threads|dgram)/;
/** Engines work on rows of the kinds table and name no kind themselves. */
const ENGINES = [
  "packages/devcluster/src/server/",
  "packages/devcluster/src/store/",
  "packages/kit/src/patch/",
  "packages/machinery/src/patch/",
  "packages/machinery/src/schema/",
  "packages/machinery/src/cel/",
  "packages/kit/src/cache/",
  "packages/kit/src/client/",
];
const KIND_NAME =
  /(===|!==|case)\s*"(Pod|Deployment|ReplicaSet|StatefulSet|ConfigMap|Secret|Node|Job|CronJob|DaemonSet|pods|deployments|configmaps|secrets|nodes|jobs)"/;

const root = resolve(import.meta.dirname, "..");
const problems: string[] = [];

for (const file of globSync("packages/*/src/**/*.ts", { cwd: root })) {
  const text = readFileSync(resolve(root, file), "utf8");
  const [, pack = "", , folder = ""] = file.split("/");
  const isTest = /\.test(-d)?\.ts$/.test(file);
  const complain = (what: string): void => void problems.push(`${file}: ${what}`);
  if (!isTest && ENGINES.some((engine) => file.startsWith(engine))) {
    text.split("\n").forEach((line, index) => {
      if (KIND_NAME.test(line)) complain(`line ${index + 1} names a kind; a row or a strategy should carry what is particular to it`);
    });
  }
  for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    if (specifier.startsWith("@outrigger/")) {
      const [, target = "", ...rest] = specifier.split("/");
      if (target === pack) complain(`imports its own package as ${specifier}`);
      else if (!isTest && !PACKAGES[pack]?.includes(target)) complain(`${pack} may not import ${target}`);
      if (rest.length > 1) complain(`${specifier} reaches into a folder`);
      continue;
    }
    if (!specifier.startsWith(".")) {
      if (PURE.includes(`${pack}/${folder}`) && IO.test(specifier) && !isTest)
        complain(`${folder} is pure and may not import ${specifier}`);
      continue;
    }
    const target = relative(root, resolve(dirname(resolve(root, file)), specifier));
    const [, targetPack = "", , targetFolder = ""] = target.split("/");
    if (targetPack !== pack) complain(`reaches into ${targetPack} by a relative path`);
    else if (targetFolder !== folder && target.split("/").length > 4) {
      if (!target.endsWith("/index.ts") && !target.endsWith("/contract.ts") && !target.endsWith("/contracts.ts"))
        complain(`enters ${targetFolder} beside its index.ts: ${specifier}`);
      if (!isTest && FOLDERS[pack]?.[folder]?.includes(targetFolder) === false)
        complain(`${pack}/${folder} may not import ${pack}/${targetFolder}`);
    }
  }
}

for (const problem of problems) console.error(problem);
console.log(`layers: ${problems.length === 0 ? "all arrows point the allowed way" : `${problems.length} problems`}`);
process.exitCode = problems.length === 0 ? 0 : 1;
