import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Held {
  readonly body: Record<string, unknown>;
  readonly until: number;
}

/** An agent's API over HTTP, without a kernel behind it: it holds faults until their time is over. */
export class TestAgent {
  readonly #server: Server;
  readonly #faults = new Map<string, Held>();
  /** What was asked, as `PUT` and `DELETE`, in order. */
  readonly requests: string[] = [];
  /** Bodies of PUT, in order. */
  readonly bodies: Record<string, unknown>[] = [];
  readonly tokens = new Set<string | undefined>();
  /** Answers with this instead of doing what is asked. */
  answer: { readonly status: number; readonly body: object } | undefined;
  /** What a request waits for before it is looked at. */
  hold: Promise<unknown> | undefined;
  static inFlight = 0;
  static mostInFlight = 0;
  #port = 0;

  constructor() {
    this.#server = createServer(async (request, response) => {
      TestAgent.mostInFlight = Math.max(TestAgent.mostInFlight, ++TestAgent.inFlight);
      let text = "";
      for await (const chunk of request) text += chunk;
      const { method = "", url = "", headers } = request;
      this.requests.push(method);
      this.tokens.add(headers.authorization);
      await this.hold;
      const name = url.replace("/v1/faults/", "");
      response.setHeader("content-type", "application/json");
      TestAgent.inFlight--;
      if (this.answer) {
        response.statusCode = this.answer.status;
        response.end(JSON.stringify(this.answer.body));
      } else if (method === "PUT") {
        const { ttl, ...body } = JSON.parse(text) as Record<string, unknown>;
        this.bodies.push(body);
        this.#faults.set(name, { body, until: Date.now() + Number.parseInt(String(ttl), 10) });
        response.end("{}");
      } else {
        response.statusCode = this.#faults.delete(name) ? 200 : 404;
        response.end("{}");
      }
    });
  }

  /** The faults in force now. */
  get faults(): Record<string, unknown>[] {
    return this.held.map(({ body }) => body);
  }

  /** The faults in force now, with their ends. */
  get held(): Held[] {
    return [...this.#faults.values()].filter(({ until }) => until > Date.now());
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, on the port that it had before where it had one. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
