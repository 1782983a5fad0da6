import { Agent, type IncomingMessage, request } from "node:http";
import { isIP } from "node:net";
import { timeoutSignal } from "@outrigger/kit/queue";

/** Where an agent listens. */
export interface AgentAddress {
  readonly host: string;
  readonly port: number;
}

/** Why an agent did not do what it was asked. */
export type AgentFailure = "Unreachable" | "Timeout" | "Unauthorized" | "Refused" | "Conflict" | "AgentError";

/** An agent that cannot be reached, or refuses; `reason` is what a pod's status says. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code = "ERR_AGENT";
  readonly reason: AgentFailure;
  /** Whether the fault may be in force all the same: the request left, and no answer came. */
  readonly uncertain: boolean;

  constructor(reason: AgentFailure, message: string, options: { readonly uncertain?: boolean } = {}) {
    super(message);
    this.reason = reason;
    this.uncertain = options.uncertain ?? false;
  }
}

export interface AgentClientOptions {
  /** How long one request may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Answers are a few hundred bytes; whoever answers with more is no agent. */
const LARGEST_ANSWER = 65_536;
/** Failures before a byte was sent: nothing can have happened. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EADDRNOTAVAIL"]);

/**
 * Speaks to the agents in pods.
 *
 * Guarantees: no redirect is followed, no answer above 64 KiB is read, and each request ends within the time limit.
 */
export class AgentClient {
  readonly #timeoutMs: number;
  readonly #connections = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 60_000 });

  constructor({ timeoutMs }: AgentClientOptions) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sets a fault, or changes it.
   *
   * @throws AgentError
   */
  async put(to: AgentAddress, name: string, fault: object, token?: string): Promise<void> {
    const { status, text } = await this.#send(to, "PUT", name, token, JSON.stringify(fault));
    if (status >= 300) throw refused(to, status, text);
  }

  /**
   * Removes a fault; one that is not there is no error.
   *
   * @throws AgentError
   */
  async remove(to: AgentAddress, name: string, token?: string): Promise<void> {
    const { status, text } = await this.#send(to, "DELETE", name, token);
    if (status >= 300 && status !== 404) throw refused(to, status, text);
  }

  close(): void {
    this.#connections.destroy();
  }

  #send(
    { host, port }: AgentAddress,
    method: string,
    name: string,
    token: string | undefined,
    body?: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    // Not with its address: messages go into the status, whose readers may not be allowed to read pods.
    const at = `the agent on port ${port}`;
    // Node takes an empty host for its own machine.
    if (host === "") return Promise.reject(new AgentError("Unreachable", "the pod has no address"));
    return new Promise((resolve, reject) => {
      const signal = timeoutSignal(this.#timeoutMs);
      const sent = request(
        {
          agent: this.#connections,
          host,
          port,
          method,
          path: `/v1/faults/${encodeURIComponent(name)}`,
          signal,
          headers: {
            accept: "application/json",
            ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        },
        (response) => read(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail),
      );
      let connected = false;
      sent.on("socket", (socket) => {
        if (sent.reusedSocket) connected = true;
        else socket.once("connect", () => (connected = true));
      });
      const fail = (error: NodeJS.ErrnoException): void => {
        sent.destroy();
        // A connection that the agent had closed meanwhile: it is as good as none.
        if (sent.reusedSocket && error.code === "ECONNRESET" && !signal.aborted)
          this.#send({ host, port }, method, name, token, body).then(resolve, reject);
        else if (signal.aborted)
          reject(
            new AgentError("Timeout", `${at} did not answer within ${this.#timeoutMs / 1000} s${connected ? "" : " (no connection)"}`, {
              uncertain: connected,
            }),
          );
        else
          reject(
            new AgentError("Unreachable", `${at} cannot be reached (${error.code ?? error.message}): does the pod run the agent?`, {
              uncertain: connected && !NOT_CONNECTED.has(error.code ?? ""),
            }),
          );
      };
      sent.on("error", fail);
      sent.end(body);
    });
  }
}

async function read(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += chunk;
    if (text.length > LARGEST_ANSWER) throw new Error("the answer is too long for an agent's");
  }
  return text;
}

function refused({ port }: AgentAddress, status: number, text: string): AgentError {
  const why = explanation(text);
  if (status === 401 || status === 403) return new AgentError("Unauthorized", `the agent wants another token (HTTP ${status})`);
  if (status === 409) return new AgentError("Conflict", why);
  if (status >= 400 && status < 500) return new AgentError("Refused", why);
  // A redirect, or an error in the middle of its work.
  return new AgentError("AgentError", `the agent on port ${port} answered HTTP ${status}: ${why}`, { uncertain: status >= 500 });
}

/** The agent's own words: `{"error": …, "field": …, "allowed": …}`. */
function explanation(text: string): string {
  try {
    const { error, field, allowed } = JSON.parse(text) as { error?: unknown; field?: unknown; allowed?: unknown };
    if (typeof error === "string") {
      const where = typeof field === "string" && !error.includes(field) ? `${field}: ` : "";
      return shortened(`${where}${error}${typeof allowed === "string" ? ` (allowed: ${allowed})` : ""}`);
    }
  } catch {
    // Not JSON: shown as it is.
  }
  const line = text.trim().split("\n")[0] ?? "";
  return line === "" ? "without a word" : shortened(line);
}

/** Whoever owns the pod writes the agent's words, and they go into the fault's status and Events. */
const LONGEST_WORDS = 200;

function shortened(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they have no place in a status
  const line = withoutAddresses(text.replace(/[\u0000-\u001f\u007f]+/g, " "));
  return line.length <= LONGEST_WORDS ? line : `${line.slice(0, LONGEST_WORDS - 1)}…`;
}

/** An agent quotes commands of tc, with the addresses of pods and services that the fault's author may not be allowed to read. */
function withoutAddresses(text: string): string {
  return text.replace(/[0-9a-f:.]{3,}/gi, (word) => {
    const address = word.replace(/[.:]$/, "");
    return isIP(address) === 0 ? word : `<address>${word.slice(address.length)}`;
  });
}
