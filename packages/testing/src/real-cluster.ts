import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateAuthority, createCa, issueCertificate } from "@outrigger/kit/pki";
import { answersOk } from "./answers-ok.ts";
import type { TestCluster } from "./cluster.ts";
import { Processes, RealClusterError } from "./processes.ts";
import { Users } from "./users.ts";

/** Where the binaries of a real API server are, and how it starts. */
export interface RealClusterOptions {
  /** Folder with `etcd` and `kube-apiserver`, and with the other parts where they are wanted. Default `KUBEBUILDER_ASSETS`. */
  readonly assets?: string;
  /** Start kube-controller-manager and kube-scheduler. Default: where they are there. */
  readonly controllers?: boolean;
  /** Start a node: the real kubelet over a container runtime that only pretends (kubemark's `hollow-node`). Default: where it is there. */
  readonly node?: boolean;
  /** Further flags of kube-apiserver, such as an audit log. */
  readonly apiServerFlags?: readonly string[];
}

const SERVICE_RANGE = "10.0.0.0/24";
const CONTROLLERS = ["kube-controller-manager", "kube-scheduler"];
const FIRST_SERVICE_IP = "10.0.0.1";

/**
 * Starts a real control plane on loopback with its own certificates and users, on free ports, in a temporary folder. It
 * ends with this process, however that ends.
 *
 * @throws RealClusterError when a binary is missing or a part ends early.
 */
export async function startRealCluster(options: RealClusterOptions = {}): Promise<TestCluster> {
  const assets = options.assets ?? process.env["KUBEBUILDER_ASSETS"];
  if (!assets) throw new RealClusterError("no real cluster: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver");
  const has = (...parts: string[]): boolean => parts.every((part) => existsSync(join(assets, part)));
  const controllers = options.controllers ?? has(...CONTROLLERS);
  const node = options.node ?? has("hollow-node");
  const parts = ["etcd", "kube-apiserver", ...(controllers ? CONTROLLERS : []), ...(node ? ["hollow-node"] : [])];
  for (const part of parts)
    if (!has(part)) throw new RealClusterError(`no real cluster: ${join(assets, part)} is missing; KUBEBUILDER_ASSETS is its folder`);

  for (let tries = 1; ; tries++) {
    const folder = mkdtempSync(join(tmpdir(), "outrigger-real-"));
    const processes = new Processes(assets, folder);
    try {
      return await start(processes, folder, { controllers, node }, options.apiServerFlags ?? []);
    } catch (error) {
      await processes.stop();
      // Somebody else took a port between our finding it free and the part's listening there.
      if (tries < 3 && error instanceof RealClusterError && /address already in use/.test(error.message)) continue;
      throw error;
    }
  }
}

async function start(
  processes: Processes,
  folder: string,
  options: { readonly controllers: boolean; readonly node: boolean },
  apiServerFlags: readonly string[],
): Promise<TestCluster> {
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const ca = await createCa({ commonName: "outrigger-test" });
  const serving = await issueCertificate(ca, {
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
    ipAddresses: ["127.0.0.1", FIRST_SERVICE_IP],
    usages: ["server auth"],
  });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const serviceAccountKey = file("sa.key", privateKey.export({ type: "pkcs1", format: "pem" }) as string);
  const [caFile, caKey] = [file("ca.crt", ca.certificate), file("ca.key", ca.key)];
  const [clientPort, peerPort, apiPort] = await freePorts(3);
  const etcd = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  processes.start("etcd", [
    ...["--data-dir", join(folder, "etcd"), "--log-level", "error", "--unsafe-no-fsync"],
    ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", peer],
    ...["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`],
  ]);
  processes.start("kube-apiserver", [
    `--etcd-servers=${etcd}`,
    `--secure-port=${apiPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--cert-dir=${folder}`,
    `--tls-cert-file=${file("serving.crt", serving.certificate)}`,
    `--tls-private-key-file=${file("serving.key", serving.key)}`,
    `--client-ca-file=${caFile}`,
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    // Without controllers nobody makes ServiceAccounts, and pods could not be made.
    ...(options.controllers ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    "--allow-privileged=true",
    ...apiServerFlags,
  ]);
  const url = `https://127.0.0.1:${apiPort}`;
  const kubeconfigOf = async (user: string, groups: readonly string[] = []): Promise<string> =>
    kubeconfig(url, ca, await issueCertificate(ca, { commonName: user, organizations: groups, usages: ["client auth"] }), user);
  const admin = await kubeconfigOf("admin", ["system:masters"]);
  const kubeconfigFile = file("kubeconfig", admin);
  const isReady = (): Promise<boolean> => answersOk(`${url}/readyz`, { ca: ca.certificate });
  await processes.until("kube-apiserver", isReady);
  const administrator = await issueCertificate(ca, { commonName: "admin", organizations: ["system:masters"], usages: ["client auth"] });
  const ready: Promise<void>[] = [];
  if (options.controllers) {
    processes.start("kube-controller-manager", [
      `--kubeconfig=${file("controllers.kubeconfig", await kubeconfigOf("system:kube-controller-manager"))}`,
      "--use-service-account-credentials",
      `--service-account-private-key-file=${serviceAccountKey}`,
      `--root-ca-file=${caFile}`,
      `--cluster-signing-cert-file=${caFile}`,
      `--cluster-signing-key-file=${caKey}`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--secure-port=${(await freePorts(1))[0]}`,
    ]);
    processes.start("kube-scheduler", [
      `--kubeconfig=${file("scheduler.kubeconfig", await kubeconfigOf("system:kube-scheduler"))}`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--secure-port=${(await freePorts(1))[0]}`,
    ]);
    ready.push(
      processes.until("kube-controller-manager", () =>
        answersOk(`${url}/api/v1/namespaces/default/serviceaccounts/default`, { ca: ca.certificate, user: administrator }),
      ),
    );
  }
  if (options.node) {
    const [port, readOnlyPort] = await freePorts(2);
    processes.start("hollow-node", [
      "--morph=kubelet",
      "--name=node-1",
      `--kubeconfig=${file("node.kubeconfig", await kubeconfigOf("system:node:node-1", ["system:nodes"]))}`,
      "--use-host-image-service=false",
      `--kubelet-port=${port}`,
      `--kubelet-read-only-port=${readOnlyPort}`,
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
    ]);
    ready.push(
      processes.until("hollow-node", () =>
        answersOk(`${url}/api/v1/nodes/node-1`, { ca: ca.certificate, user: administrator, containing: "KubeletReady" }),
      ),
    );
  }
  await Promise.all(ready);
  return new Users({ text: admin }).of({
    kind: "real",
    url,
    kubeconfig: admin,
    kubeconfigFile,
    ...options,
    async restartApiServer(whileAway = async () => {}) {
      await processes.restart("kube-apiserver", whileAway);
      await processes.until("kube-apiserver", isReady);
    },
    close: () => processes.stop(),
  });
}

function kubeconfig(server: string, ca: CertificateAuthority, user: { certificate: string; key: string }, name: string): string {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "real", cluster: { server, "certificate-authority-data": encode(ca.certificate) } }],
      users: [{ name, user: { "client-certificate-data": encode(user.certificate), "client-key-data": encode(user.key) } }],
      contexts: [{ name, context: { cluster: "real", user: name } }],
      "current-context": name,
    },
    null,
    2,
  )}\n`;
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
