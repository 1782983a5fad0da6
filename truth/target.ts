import { readFileSync } from "node:fs";
import https from "node:https";
import { parse } from "yaml";

/** An API server to which recorded requests are sent, and an administrator's credentials there. */
export interface Target {
  readonly url: URL;
  readonly agent: https.Agent;
  /** Trusts the server, sends no credential of its own. */
  readonly bareAgent: https.Agent;
  readonly token: string | undefined;
}

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: { server: string } }[];
  users: { name: string; user: { token?: string; "client-certificate-data"?: string; "client-key-data"?: string } }[];
}

/** Reads the server and the user of the current context; certificates must be inline. */
export function targetOf(kubeconfigText: string): Target {
  const config = parse(kubeconfigText) as Kubeconfig;
  const context = config.contexts.find((c) => c.name === config["current-context"])?.context;
  const cluster = config.clusters.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users.find((u) => u.name === context?.user)?.user;
  if (!cluster || !user) throw new Error("truth: the kubeconfig's current context names no cluster or no user");
  const decode = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text, "base64"));
  return {
    url: new URL(cluster.server),
    agent: new https.Agent({
      keepAlive: true,
      rejectUnauthorized: false,
      cert: decode(user["client-certificate-data"]),
      key: decode(user["client-key-data"]),
    }),
    bareAgent: new https.Agent({ keepAlive: true, rejectUnauthorized: false }),
    token: user.token,
  };
}

export function targetOfFile(file: string): Target {
  return targetOf(readFileSync(file, "utf8"));
}

export interface Exchange {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export interface Sending {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly body?: string;
  /** Cut the answer off after this many milliseconds: for watches. */
  readonly maxMs?: number;
  readonly bare?: boolean;
}

/** Sends one request over TLS and reads the whole answer, or what came within `maxMs`. */
export function send(target: Target, { method, path, headers, body, maxMs, bare }: Sending): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const request = https.request({
      agent: bare ? target.bareAgent : target.agent,
      host: target.url.hostname,
      port: target.url.port,
      method,
      path,
      headers: body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) },
    });
    request.on("error", reject);
    request.on("response", (answer) => {
      const chunks: Buffer[] = [];
      let timer: NodeJS.Timeout | undefined;
      const done = (): void => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString("utf8") });
      };
      if (maxMs !== undefined) {
        timer = setTimeout(() => {
          request.destroy();
          done();
        }, maxMs);
      }
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", done);
      answer.on("error", done);
    });
    request.end(body);
  });
}
