import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { posix } from "node:path";
import { CallError, connectionWords, statusWords } from "./call-error.ts";
import type { ResolveService } from "./service-resolver.ts";

/** `clientConfig` of a webhook or of a CRD's conversion. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
  /** Base64 of PEM. */
  readonly caBundle?: string;
}

/** Bundles whose connections are kept; the least recently used one is closed beyond that. */
const MAX_AGENTS = 64;
/** As client-go keeps them. */
const MAX_IDLE_SOCKETS = 25;
const USER_AGENT = "kube-apiserver-admission";

/**
 * Posts reviews to webhooks over TLS, HTTP/1.1, on connections that are kept.
 *
 * The certificate must stem from the configuration's caBundle (from the system's authorities where it has none) and be
 * for the URL's host, or for `<service>.<namespace>.svc`.
 */
export class WebhookCaller {
  readonly #resolveService: ResolveService;
  readonly #agents = new Map<string, Agent>();

  constructor(resolveService: ResolveService) {
    this.#resolveService = resolveService;
  }

  /**
   * @param seconds how long the whole call may take; also told to the webhook as `?timeout=`.
   * @returns the body of an answer with a 2xx status.
   * @throws CallError
   */
  post(config: WebhookClientConfig, seconds: number, body: string): Promise<string> {
    let target: Target;
    try {
      target = this.#target(config, seconds);
    } catch (error) {
      throw error instanceof CallError ? error : new CallError(`failed to call webhook: ${(error as Error).message}`);
    }
    const fail = (words: string): CallError => new CallError(`failed to call webhook: Post ${JSON.stringify(target.shown)}: ${words}`);
    if (typeof target.address === "string") throw fail(target.address);
    const { host, port } = target.address;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options: RequestOptions = {
      method: "POST",
      host,
      port,
      path: target.path,
      agent: this.#agent(config.caBundle ?? ""),
      headers: {
        host: target.authority,
        accept: "application/json, */*",
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": USER_AGENT,
      },
      // Addresses have no server name; the certificate must carry them as such.
      ...(isIP(target.serverName) ? {} : { servername: target.serverName }),
    };
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error: NodeJS.ErrnoException) => reject(fail(connectionWords(error, host, port))));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const status = response.statusCode ?? 0;
        if (status >= 200 && status <= 206) resolve(text);
        else reject(new CallError(`failed to call webhook: ${statusWords(status, response.headers["content-type"] ?? "", text)}`));
      });
    });
    const timer = setTimeout(() => {
      reject(fail("context deadline exceeded"));
      request.destroy();
    }, seconds * 1000);
    request.on("error", (error: NodeJS.ErrnoException) => reject(fail(connectionWords(error, host, port))));
    request.end(body);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Closes every connection. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #target(config: WebhookClientConfig, seconds: number): Target {
    if (config.service) {
      const { namespace, name, path = "", port = 443 } = config.service;
      const serverName = `${name}.${namespace}.svc`;
      const authority = `${serverName}:${port}`;
      const withQuery = `${cleaned(path)}?timeout=${seconds}s`;
      return {
        authority,
        serverName,
        path: withQuery,
        shown: `https://${authority}${withQuery}`,
        address: this.#address(namespace, name, port),
      };
    }
    if (!config.url) throw new CallError("webhook configuration must have either service or URL");
    const url = new URL(config.url);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const path = `${cleaned(url.pathname)}?timeout=${seconds}s`;
    const shown = `https://${url.host}${path}`;
    return { authority: url.host, serverName: host, path, shown, address: { host, port: Number(url.port || 443) } };
  }

  #address(namespace: string, name: string, port: number): Target["address"] {
    try {
      return this.#resolveService(namespace, name, port);
    } catch (error) {
      return (error as Error).message;
    }
  }

  #agent(caBundle: string): Agent {
    let agent = this.#agents.get(caBundle);
    if (agent) this.#agents.delete(caBundle);
    else {
      const ca = caBundle.trim() === "" ? {} : { ca: Buffer.from(caBundle, "base64").toString("utf8") };
      agent = new Agent({
        keepAlive: true,
        maxFreeSockets: MAX_IDLE_SOCKETS,
        ALPNProtocols: ["http/1.1"],
        minVersion: "TLSv1.2",
        // Go trusts whatever the bundle holds, also a leaf or an intermediate, as envtest writes it.
        allowPartialTrustChain: true,
        ...ca,
      });
    }
    this.#agents.set(caBundle, agent);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > MAX_AGENTS && oldest !== undefined) {
      this.#agents.get(oldest)?.destroy();
      this.#agents.delete(oldest);
    }
    return agent;
  }
}

/** As client-go joins paths: no doubled slashes, none at the end. */
function cleaned(path: string): string {
  return posix.join("/", path).replace(/(?<=.)\/$/, "");
}

interface Target {
  readonly authority: string;
  readonly serverName: string;
  readonly path: string;
  /** The URL as messages show it. */
  readonly shown: string;
  /** Words of the refusal where there is none. */
  readonly address: { readonly host: string; readonly port: number } | string;
}
