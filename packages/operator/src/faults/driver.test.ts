import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Driver } from "./driver.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function agent(answer: ((text: (status: number, body: string) => void) => void) | undefined): Promise<number> {
  const server = createServer((_request, response) => answer?.((status, body) => response.writeHead(status).end(body)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
const pod = (namespace: string, name: string) => ({ name, namespace, uid: `${namespace}/${name}`, address: "127.0.0.1" });
const order = (port: number) => ({ fault: "f", name: "f", port });
const fault = { delay: { time: "1ms" } };

test("silent agents of one namespace hold up no fault of another", async () => {
  const driver = new Driver({ concurrency: 2, timeoutMs: 60_000 });
  const [silent, quick] = [await agent(undefined), await agent((respond) => respond(200, "{}"))];
  const stop = new AbortController();
  const waiting = ["a", "b", "c", "d"].map((name) =>
    driver.apply(order(silent), pod("noisy", name), fault, undefined, stop.signal).catch(() => {}),
  );
  const outcome = await driver.apply(order(quick), pod("calm", "a"), fault, undefined, stop.signal);
  expect(outcome.state).toBe("Applied");
  stop.abort();
  driver.close();
  for (const server of servers) server.closeAllConnections();
  await Promise.all(waiting);
});

test("an agent's words are shortened, and have no control characters", async () => {
  const driver = new Driver();
  const port = await agent((respond) => respond(422, JSON.stringify({ error: `no\u0007\n${"x".repeat(10_000)}` })));
  const outcome = await driver.apply(order(port), pod("n", "a"), fault, undefined, new AbortController().signal);
  driver.close();
  if (outcome.state !== "Failed") throw new Error(`the state is ${outcome.state}`);
  expect(outcome.message).toHaveLength(200);
  expect(outcome.message).toMatch(/^no x+…$/);
});
