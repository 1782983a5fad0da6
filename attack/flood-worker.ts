// A thread that floods the webhooks' port: the API server, which may live in the test's own process, must not starve by it.
import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import type { FloodOptions } from "./forger.ts";

const { host, port, path, bodies, lanes, connections, say } = workerData as FloodOptions & { readonly host: string; readonly port: number };
const agent = new Agent({ keepAlive: true, maxSockets: lanes ?? 1, rejectUnauthorized: false });
const answers = new Map<number | string, number>();
let sent = 0;

async function send(): Promise<number | string> {
  const body = bodies?.replaceAll("{n}", String(sent++)) ?? "";
  const one = request({ host, port, path: `${path}?timeout=5s`, method: "POST", agent });
  one.setHeader("content-type", "application/json");
  one.end(body);
  try {
    const [response] = await once(one, "response");
    response.resume();
    await once(response, "end");
    return response.statusCode as number;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "error";
  }
}

async function lane(): Promise<void> {
  for (;;) {
    const answer = await send();
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
}

async function hold(): Promise<void> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  socket.on("error", () => {});
  await Promise.race([once(socket, "secureConnect"), once(socket, "close")]);
  if (say) socket.write(say.text + " ".repeat(say.padding ?? 0));
}

for (let count = 0; count < (bodies === undefined ? 0 : (lanes ?? 1)); count++) void lane();
await Promise.all(Array.from({ length: connections ?? 0 }, hold));
parentPort?.on("message", () => parentPort?.postMessage({ sent, answers: [...answers] }));
parentPort?.postMessage("begun");
