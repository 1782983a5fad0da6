import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Client, connect } from "@outrigger/kit/client";
import { type Kubectl, kubectlFor } from "../e2e/kubectl.ts";

/** Where the tools are that start a cluster of containers: see its README. */
const TOOLS = process.env["REALCLUSTER"] ?? resolve(import.meta.dirname, "../../shared/realcluster");
export const ROOT = resolve(import.meta.dirname, "..");

/** The cluster under test: a real Kubernetes whose pods are containers on this machine. */
export interface ContainerCluster {
  readonly folder: string;
  readonly kubeconfigFile: string;
  readonly kubectl: Kubectl;
  readonly client: Client;
  /** Runs Helm against the cluster. */
  helm(...args: string[]): Promise<string>;
  /** Puts images that were built into the node. */
  load(...images: string[]): Promise<void>;
  /** The id of a container's first process on this machine. @param containerId as a pod's status has it. */
  processOf(containerId: string): Promise<number>;
  /** Ends a part of the control plane or the kubelet, and starts it again with the same command line. */
  restart(part: "kube-apiserver" | "kubelet"): Promise<void>;
  down(): Promise<void>;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs a program. @throws Error with the end of what it said when it fails. */
export function run(file: string, args: readonly string[], { env = process.env, timeoutMs = 300_000 }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { env, timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file} ${args.join(" ")}: ${stderr.trim().split("\n").slice(-15).join("\n") || error.message}`));
      else resolve(stdout);
    });
  });
}

/** Builds an image of the repository, as its users do. */
export async function buildImage(name: string, dockerfile: string): Promise<void> {
  await run(join(TOOLS, "image"), ["build", ROOT, name, join(ROOT, dockerfile)], { env: buildEnvironment(), timeoutMs: 600_000 });
}

/** Another image with the same content: what a rebuild without changes gives. */
export async function relabelled(from: string, name: string): Promise<void> {
  await reconfigured(from, ["--label", `org.opencontainers.image.revision=${name}`], [name]);
}

/** A busybox that finds a variable in its environment, so that what runs can be told from its log. */
export async function busyboxWith(variable: string, name: string): Promise<void> {
  await busyboxes(["--env", variable], [name]);
}

/** Images whose containers sleep until they are stopped. */
export async function sleepers(...names: readonly string[]): Promise<void> {
  await busyboxes(["--cmd", '["sleep", "1000000"]'], names);
}

async function busyboxes(config: readonly string[], names: readonly string[]): Promise<void> {
  await run(join(TOOLS, "image"), ["base"], { timeoutMs: 600_000 });
  await reconfigured("docker.io/library/busybox:1", config, names);
}

/** An image with a changed configuration, under some names. @param config options of `buildah config` */
async function reconfigured(from: string, config: readonly string[], names: readonly string[]): Promise<void> {
  const env = buildEnvironment();
  const container = (await run("buildah", ["from", "--pull-never", from], { env })).trim();
  try {
    await run("buildah", ["config", ...config, container], { env });
    for (const name of names) await run("buildah", ["commit", "-q", container, name], { env });
  } finally {
    await run("buildah", ["rm", container], { env });
  }
}

/** Writes an image into a folder in the OCI image layout. */
export async function saveImage(name: string, folder: string, tag: string): Promise<void> {
  await run("buildah", ["push", "-q", name, `oci:${folder}:${tag}`], { env: buildEnvironment() });
}

/** A second name for an image. */
export async function tagImage(from: string, name: string): Promise<void> {
  await run("buildah", ["tag", from, name], { env: buildEnvironment() });
}

/** What buildah says of an image. */
export async function inspectImage(name: string): Promise<{ readonly bytes: number; readonly config: Record<string, unknown> }> {
  const env = buildEnvironment();
  const { OCIv1 } = JSON.parse(await run("buildah", ["inspect", "--type", "image", name], { env })) as {
    OCIv1: { config: Record<string, unknown> };
  };
  const listed = JSON.parse(await run("buildah", ["images", "--json", name], { env })) as { size: string }[];
  const [amount = "0", unit = "B"] = (listed[0]?.size ?? "").split(" ");
  return { bytes: Number(amount) * ({ B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? 1), config: OCIv1.config };
}

/** Folder with kube-apiserver, kubectl and the rest; built where it is not there yet. */
export async function controlPlane(): Promise<string> {
  return (await run(join(TOOLS, "build"), [], { timeoutMs: 1_200_000 })).trim();
}

/** A real Helm; built where it is not there yet. */
export async function helmPath(): Promise<string> {
  return (await run(join(TOOLS, "helm"), [], { timeoutMs: 600_000 })).trim();
}

export async function startContainerCluster(): Promise<ContainerCluster> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-cluster-"));
  await run(join(TOOLS, "up"), [folder, "--containers"], { timeoutMs: 180_000 });
  const kubeconfigFile = join(folder, "kubeconfig");
  const bin = await controlPlane();
  const helm = await helmPath();
  const client = connect({ file: kubeconfigFile }, { userAgent: "cluster-test", onWarning: () => {} });
  let isDown = false;
  const ctr = ["-a", join(folder, "containerd.sock"), "-n", "k8s.io"];
  return {
    folder,
    kubeconfigFile,
    kubectl: kubectlFor(kubeconfigFile, join(bin, "kubectl")),
    client,
    helm: (...args) =>
      run(helm, args, {
        env: { ...process.env, KUBECONFIG: kubeconfigFile, HELM_CACHE_HOME: join(folder, "helm"), HELM_CONFIG_HOME: join(folder, "helm") },
      }),
    load: async (...images) => void (await run(join(TOOLS, "image"), ["load", folder, ...images], { env: buildEnvironment() })),
    async processOf(containerId) {
      const id = containerId.replace(/^containerd:\/\//, "");
      const tasks = await run("ctr", [...ctr, "tasks", "ls"]);
      const pid = tasks
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .find(([name]) => name === id)?.[1];
      if (!pid) throw new Error(`no process of container ${id}:\n${tasks}`);
      return Number(pid);
    },
    restart: (part) => restart(folder, part, () => isDown),
    async down() {
      isDown = true;
      await client.close();
      await run(join(TOOLS, "down"), [folder], { timeoutMs: 120_000 });
    },
  };
}

/** The part's own command line, from the process that runs, in the cluster's network namespace. */
async function restart(folder: string, part: string, isDown: () => boolean): Promise<void> {
  const pidFile = join(folder, `${part}.pid`);
  const pid = Number(readFileSync(pidFile, "utf8"));
  const [file = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  process.kill(pid, "SIGKILL");
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8")))
    await new Promise((done) => setTimeout(done, 20));
  const namespace = readFileSync(join(folder, "netns"), "utf8").trim();
  const log = join(folder, `${part}.log`);
  const shell = `exec "$0" "$@" >>"${log}" 2>&1`;
  // As systemd or a kubelet does, again where it ends: a start on a busy machine may fail.
  const start = (left: number): void => {
    const child = spawn("nsenter", [`--net=/run/netns/${namespace}`, "sh", "-c", shell, file, ...args], {
      cwd: folder,
      detached: true,
      stdio: "ignore",
    });
    writeFileSync(pidFile, String(child.pid));
    child.on("exit", () => {
      if (left > 0) setTimeout(() => !isDown() && start(left - 1), 1000).unref();
    });
    child.unref();
  };
  start(5);
}

/** Behind a proxy with an authority of its own, builds must trust what this machine trusts. */
function buildEnvironment(): NodeJS.ProcessEnv {
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  const base = { ...process.env, STORAGE_DRIVER: "overlay", BUILDAH_ISOLATION: "chroot" };
  if (!existsSync(bundle)) return base;
  const file = join(tmpdir(), "outrigger-containers.conf");
  writeFileSync(file, `[containers]\nvolumes = ["${bundle}:/etc/ssl/certs/ca-certificates.crt:ro"]\n`);
  return { ...base, CONTAINERS_CONF: file };
}
