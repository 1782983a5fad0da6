import { issueCertificate, signCsr } from "@outrigger/kit/pki";
import type { AuthorizationDecision, AuthorizationQuestion } from "@outrigger/machinery/cel";
import { admissionChain } from "./admission/index.ts";
import { bootstrap } from "./bootstrap/index.ts";
import type { ClusterSigner } from "./controllers/index.ts";
import { customResources } from "./custom-resources/index.ts";
import { DataDir } from "./data-dir/index.ts";
import type { Devcluster, DevclusterOptions } from "./devcluster.ts";
import { admin, identity, servingNames } from "./identity.ts";
import { removeKubeconfigFile, writeKubeconfigFile } from "./kubeconfig-file.ts";
import type { LogSource } from "./kubelet/index.ts";
import { clusterReader, type RegistryParts, Resources, type UserInfo } from "./registry/index.ts";
import {
  auditing,
  auditLog,
  Discovery,
  handler,
  inProcessTransport,
  kubeconfigText,
  listen,
  metadataPolicy,
  OpenStreams,
  RequestMetrics,
  rbac,
  readAuditPolicy,
  readTokenFile,
  serviceAccountTokens,
  staticTokens,
  subresources,
  withoutEscalation,
} from "./server/index.ts";
import { Store } from "./store/index.ts";

/** Milliseconds between two looks for history that nobody can ask for any more. */
const EXPIRE_MS = 15_000;

/**
 * Starts a control plane and resolves when it answers.
 *
 * @throws PortInUseError when the port is taken.
 * @throws DataDirError when `options.dataDir` cannot be used.
 */
export async function startDevcluster(options: DevclusterOptions = {}): Promise<Devcluster> {
  const dataDir = options.dataDir === undefined ? undefined : await DataDir.open(options.dataDir);
  try {
    return await start(options, dataDir);
  } catch (error) {
    dataDir?.close();
    throw error;
  }
}

async function start(options: DevclusterOptions, dataDir: DataDir | undefined): Promise<Devcluster> {
  const host = options.host ?? "127.0.0.1";
  const own = identity(dataDir);
  const { ca, aliceToken } = own;
  const serving = options.serving ?? issueCertificate(ca, { commonName: "kube-apiserver", ...servingNames(host), usages: ["server auth"] });
  const fileTokens = options.tokenAuthFile === undefined ? [] : await readTokenFile(options.tokenAuthFile);
  const store = new Store(dataDir?.journal, dataDir?.state);
  const reader = clusterReader(store);
  const resources = new Resources();
  const streams = new OpenStreams();
  const authorizer = rbac(reader);
  const chain = admissionChain({
    reader,
    decide: (user, question) => decision(authorizer, user, question),
    resourceOfKind: (group, version, kind) =>
      resources.all().find((one) => one.group === group && one.version === version && one.kind === kind),
    served: (group, plural) => resources.all().filter((one) => one.group === group && one.plural === plural),
    // The bare server is as envtest has it.
    disabled: options.disabledAdmissionPlugins ?? (options.bare ? ["ServiceAccount", "NoEffect"] : []),
  });
  const parts: RegistryParts = { store, reader, admission: withoutEscalation(chain, authorizer, reader) };
  const accountTokens = serviceAccountTokens(reader, options.serviceAccounts ?? own.serviceAccounts);
  const known = staticTokens([{ token: aliceToken, username: "alice", groups: ["developers"] }, ...(options.tokens ?? []), ...fileTokens]);
  const tokens = [known, accountTokens.read];
  const logs: { source: LogSource | undefined } = { source: options.logs };
  let port = 0;
  const custom = customResources({ parts, resources, streams, webhooks: chain.caller });
  const { audit } = options;
  const auditPolicy = audit?.policy === undefined ? metadataPolicy : await readAuditPolicy(audit.policy);
  const log = audit && auditLog(audit.log);
  const handle = handler({
    parts,
    metrics: new RequestMetrics(() => store.revision),
    ...(log ? { audit: auditing(auditPolicy, log) } : {}),
    resources,
    streams,
    tokens,
    authorizer,
    discovery: new Discovery(resources, () => `${host}:${port}`),
    tokenKeys: accountTokens.keys,
    tokenIssuer: () => ({
      issuer: accountTokens.audience,
      jwks_uri: `https://${host}:${port}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: accountTokens.algorithms,
    }),
    subresources: subresources({
      logs,
      reviews: { authorizer, inspect: (token) => accountTokens.inspect(token) ?? found(known(token)) },
      tokens: accountTokens,
    }),
  });
  const listening = await listen(handle, {
    host,
    port: options.port ?? Number(dataDir?.recall("port") ?? 0),
    certificate: serving.certificate,
    key: serving.key,
    clientCa: options.clientCa === undefined ? [ca.certificate] : [ca.certificate, options.clientCa],
  });
  port = listening.port;
  dataDir?.store("port", String(port));
  await bootstrap(store, port, { bare: options.bare === true, first: !dataDir || dataDir.state.tables.length === 0 });

  const url = `https://${host.includes(":") ? `[${host}]` : host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
  const kubeconfig = kubeconfigText({ url, ca: ca.certificate, admin: own.admin, aliceToken });
  if (options.kubeconfigFile !== undefined) {
    try {
      await writeKubeconfigFile(options.kubeconfigFile, kubeconfig);
    } catch (error) {
      await listening.close();
      throw error;
    }
  }

  const cluster = {
    url,
    port,
    ca: ca.certificate,
    kubeconfig,
    transport: (user: UserInfo = admin) => inProcessTransport(handle, user),
    async client(user: UserInfo = admin) {
      const { connect } = await import("@outrigger/kit/client");
      return connect(inProcessTransport(handle, user));
    },
    setLogSource(source: LogSource | undefined) {
      logs.source = source;
    },
  };
  const expiry = setInterval(() => store.expire(performance.now()), EXPIRE_MS);
  expiry.unref();
  let stopLoops = async (): Promise<void> => {};
  if (!options.bare && options.controllers !== false) {
    const { startLoops } = await import("./loops.ts");
    const signer: ClusterSigner = {
      secretToken: accountTokens.secretToken,
      certificate: (request, usages, seconds) => signCsr(ca, request, { usages, validity: seconds * 1000 }),
    };
    stopLoops = await startLoops({ ...cluster, signer }, options);
  }
  let closing: Promise<void> | undefined;
  return {
    ...cluster,
    close() {
      closing ??= (async () => {
        await stopLoops();
        clearInterval(expiry);
        custom.stop();
        streams.endAll();
        chain.close();
        await listening.close();
        await log?.close();
        dataDir?.close();
        if (options.kubeconfigFile !== undefined) await removeKubeconfigFile(options.kubeconfigFile, url);
      })();
      return closing;
    },
  };
}

/** What an expression asks, put to the authorizer. */
function decision(authorizer: ReturnType<typeof rbac>, user: UserInfo, question: AuthorizationQuestion): AuthorizationDecision {
  const { verb, path = "", group = "", resource = "", subresource = "", namespace = "", name = "" } = question;
  const attributes = { verb, isResource: path === "", group, version: "*", resource, subresource, namespace, name, path };
  const reason = authorizer.reason(user, attributes);
  return reason === undefined ? { allowed: false } : { allowed: true, reason };
}

function found(user: UserInfo | undefined): { user: UserInfo } | undefined {
  return user ? { user } : undefined;
}
