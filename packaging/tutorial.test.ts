// docs/tutorial.md, word for word: each command and each file, outside the repository, with nothing but what is published.
// Its last part needs a cluster that runs containers, and is left out where there is none.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { startTestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packAll } from "./pack.ts";
import { type Registry, startRegistry } from "./registry.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const real = resolve(root, "../shared/realcluster");
/** A cluster that executes containers, and images without a registry. */
const containers = existsSync(join(real, "up")) && process.getuid?.() === 0;

interface Block {
  readonly language: string;
  /** A file's path, or what is particular to commands. */
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(root, page), "utf8");
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(({ 1: language = "", 2: info = "", 3: body = "", index }) => ({
    language,
    info,
    text: body,
    line: text.slice(0, index).split("\n").length,
  }));
}

let folder: string;
let registry: Registry;
let environment: NodeJS.ProcessEnv;
let closeCluster: (() => Promise<unknown>) | undefined;
let operator: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-tutorial-"));
  registry = await startRegistry(await packAll(join(folder, "tarballs")));
  const kubeconfig = containers ? await startContainers() : await startDevcluster();
  const programs = join(folder, "programs");
  await mkdir(programs);
  const program = async (name: string, text: string) => {
    await writeFile(join(programs, name), `#!/bin/bash\nset -euo pipefail\n${text}\n`);
    await chmod(join(programs, name), 0o755);
  };
  if (process.env["KUBECTL"]) await program("kubectl", `exec ${process.env["KUBECTL"]} "$@"`);
  // `docker build -t IMAGE .` and `docker push IMAGE`: no registry can be reached, so an image goes into the node itself.
  // Builds trust what this machine trusts: it may reach npm's registry through a proxy with an authority of its own.
  const trust = join(folder, "containers.conf");
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  await writeFile(trust, `[containers]\nvolumes = ["${bundle}:/etc/ssl/certs/ca-certificates.crt:ro"]\n`);
  await program(
    "docker",
    `export CONTAINERS_CONF=${trust}\ncase $1 in build) ${real}/image build "$4" "$3";; push) ${real}/image load ${join(folder, "cluster")} "$2";; *) exit 2;; esac`,
  );
  environment = { ...process.env, KUBECONFIG: kubeconfig, npm_config_registry: registry.url, npm_config_yes: "true", NO_COLOR: "1" };
  for (const name of Object.keys(environment))
    if (/^(npm_(?!config_(registry|yes))|VITEST|INIT_CWD|NODE_OPTIONS|NODE_ENV)/.test(name)) delete environment[name];
  const inherited = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
  environment["PATH"] = [programs, dirname(process.execPath), ...inherited].join(delimiter);
});
afterAll(async () => {
  operator?.kill("SIGKILL");
  await closeCluster?.();
  await registry?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function startDevcluster(): Promise<string> {
  const cluster = await startTestCluster();
  closeCluster = () => cluster.close();
  return cluster.kubeconfigFile;
}

/** The Dockerfile's bases cannot be pulled here: the distroless one is made of the other. */
async function startContainers(): Promise<string> {
  const cluster = join(folder, "cluster");
  const base = join(folder, "base");
  await mkdir(base);
  const dockerfile = ["FROM node:24-bookworm-slim", "RUN mkdir -p /nodejs/bin && ln -s /usr/local/bin/node /nodejs/bin/node", "USER 65532"];
  await writeFile(join(base, "Dockerfile"), `${dockerfile.join("\n")}\n`);
  await run(join(real, "image"), ["build", base, "gcr.io/distroless/nodejs24-debian12:nonroot"]);
  closeCluster = () => run(join(real, "down"), [cluster]);
  await run(join(real, "up"), [cluster, "--containers"]);
  await run(join(real, "image"), ["load", cluster, "registry.k8s.io/pause:3.10"]);
  return join(cluster, "kubeconfig");
}

test("every block of the tutorial works, in its order", async () => {
  const project = join(folder, "operator-demo");
  let here = folder;
  for (const { language, info, text, line } of await blocksOf("docs/tutorial.md")) {
    const where = `docs/tutorial.md:${line}`;
    if (language !== "sh") await writeFile(join(project, info), text);
    else if (info === "background")
      operator = spawn(`exec ${text}`, { cwd: here, env: environment, shell: "/bin/bash", stdio: "ignore", detached: true });
    else if (info === "stop") await stopOperator();
    else if (info !== "image" || containers) await sh(text, here, where);
    // The image's build asks the same registry.
    if (here !== project) await writeFile(join(project, ".npmrc"), `registry=${registry.url}\n`);
    here = project;
  }
});

// The trap: finalizers of custom resources that outlive the operator, since Helm deletes the operator first.
test.runIf(containers)("helm uninstall leaves no object that waits for a finalizer", async () => {
  const project = join(folder, "operator-demo");
  const { stdout: helm } = await run(join(real, "helm"));
  const chart = (values: string) =>
    `${helm.trim()} install operator-demo charts/operator-demo -n operator-demo-system --create-namespace --set image.tag=v2 --set ${values} --wait --timeout 120s`;
  const sample = [
    "kubectl apply -f config/samples/zhhnzw_v1_custompod.yaml",
    "kubectl wait --for=jsonpath='{.metadata.finalizers[0]}' custompod/custompod-sample --timeout=60s",
  ];
  const uninstall = `timeout 60 ${helm.trim()} uninstall operator-demo -n operator-demo-system --wait`;
  const commands = [
    "sed -i 's/controller(CustomPod)/controller(CustomPod).cleanup(async () => {})/' src/controllers/custompod.ts",
    "grep -q cleanup src/controllers/custompod.ts",
    "npx outrigger manifests",
    "docker build -t docker.io/zhhnzw/operator-demo:v2 .",
    "docker push docker.io/zhhnzw/operator-demo:v2",
    // Definitions stay, and what people wrote: without finalizers.
    chart("crds.keep=true"),
    ...sample,
    uninstall,
    "[ -z \"$(kubectl get custompod custompod-sample -o jsonpath='{.metadata.finalizers}')\" ]",
    "kubectl delete custompod custompod-sample --timeout=30s",
    // Definitions go, and with them what people wrote: cleaned up.
    chart("crds.keep=false"),
    ...sample,
    uninstall,
    "kubectl wait --for=delete customresourcedefinition/custompods.zhhnzw.mock.com --timeout=30s",
    // The Job's pod ends a moment after the Job.
    "kubectl -n operator-demo-system wait --for=delete pod --all --timeout=30s",
    'left=$(kubectl -n operator-demo-system get jobs,roles,rolebindings,serviceaccounts -o name | { grep -v \'/default$\' || true; }); echo "$left"; [ -z "$left" ]',
  ];
  for (const command of commands) await sh(command, project, "helm");
});

async function sh(script: string, cwd: string, where: string): Promise<void> {
  try {
    const { stdout } = await run("/bin/bash", ["-euo", "pipefail", "-c", script], { cwd, env: environment, maxBuffer: 1 << 26 });
    if (process.env["OUTRIGGER_DEBUG"]) console.log(`${where}\n${script}${stdout}`);
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${where} failed:\n${script}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** As Ctrl-C does: the signal goes to everything that was started there. */
async function stopOperator(): Promise<void> {
  const child = operator;
  if (child?.pid === undefined) throw new Error("no operator was started");
  expect(child.exitCode).toBeNull();
  const ended = once(child, "exit");
  process.kill(-child.pid, "SIGINT");
  await ended;
  operator = undefined;
}

test("the Chinese page has the same blocks", async () => {
  const same = (blocks: readonly Block[]) => blocks.map(({ line: _, ...block }) => block);
  expect(same(await blocksOf("docs/zh/tutorial.md"))).toEqual(same(await blocksOf("docs/tutorial.md")));
});
