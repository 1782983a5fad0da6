// What is outside of the cluster: a DNS provider with an HTTP API, as small as one can be.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Provider {
  readonly url: string;
  readonly records: ReadonlyMap<string, string>;
  /** Answers 503 until told otherwise. */
  setDown(down: boolean): void;
  close(): Promise<void>;
}

/** `PUT /NAME` with an address as its body, `DELETE /NAME`. */
export async function startProvider(): Promise<Provider> {
  const records = new Map<string, string>();
  let down = false;
  const server = createServer(async (request, response) => {
    const name = (request.url ?? "/").slice(1);
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (down) return void response.writeHead(503).end("closed for today");
    if (request.method === "PUT") records.set(name, body);
    else if (request.method === "DELETE") records.delete(name);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records,
    setDown(now) {
      down = now;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
