// One kind of caller, in a thread of its own, until its work is done; then it tells what came of it.
import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../soak/random.ts";
import { faultOf, honestReview, hostileReview } from "./hostile-reviews.ts";

export type Caller = "hostile" | "honest" | "large" | "half-closed" | "slow-loris";
interface Work {
  readonly caller: Caller;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly count: number;
}
export interface Outcome {
  readonly answers: Readonly<Record<string, number>>;
  /** What was no valid answer: the first few. */
  readonly faults: readonly string[];
  readonly sockets: number;
  /** Milliseconds, from the shortest. */
  readonly latencies: readonly number[];
}

const { caller, host, port, path, count } = workerData as Work;
const MIB = 1024 * 1024;
const answers: Record<string, number> = {};
const faults: string[] = [];
const latencies: number[] = [];
let sockets = 0;

const counted = (what: string | number): void => {
  answers[what] = (answers[what] ?? 0) + 1;
};
const fault = (what: string): void => {
  if (faults.length < 5) faults.push(what);
};

async function send(agent: Agent, body: Buffer): Promise<{ status: number; text: string }> {
  const one = request({ host, port, path: `${path}?timeout=5s`, method: "POST", agent, rejectUnauthorized: false });
  one.setHeader("content-type", "application/json");
  one.on("error", () => {});
  one.once("socket", () => void (one.reusedSocket || sockets++));
  const answered = once(one, "response");
  one.end(body);
  const [response] = await answered;
  let text = "";
  response.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(response, "end");
  return { status: response.statusCode, text };
}

async function judged(agent: Agent, body: Buffer): Promise<string | undefined> {
  try {
    const { status, text } = await send(agent, body);
    counted(status);
    const wrong = faultOf(body, status, text);
    if (wrong !== undefined) fault(wrong);
    return text;
  } catch (error) {
    counted((error as NodeJS.ErrnoException).code ?? "error");
    fault(`${(error as Error).message} for ${body.toString("latin1", 0, 200)}`);
    return undefined;
  }
}

const LANES = 6;

async function hostile(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const random = new Random(7);
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await judged(agent, hostileReview(random));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  agent.destroy();
}

async function honest(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = Buffer.from(honestReview());
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const text = await judged(agent, body);
    latencies.push(performance.now() - start);
    const { response } = JSON.parse(text ?? "{}") as { response?: { allowed?: boolean; patch?: string } };
    if (!Buffer.from(response?.patch ?? "", "base64").includes('"c-must"')) fault(`no sidecar: ${text?.slice(0, 200)}`);
  }
  agent.destroy();
}

/** Bodies of the most bytes that are read, and one that says that it is longer: it is refused before it is sent. */
async function large(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const review = honestReview();
  const padded = review.replace('"[]"', `"${"x".repeat(7 * MIB - review.length)}"`);
  for (const body of [padded, "[".repeat(7 * MIB)]) for (let index = 0; index < count; index++) await judged(agent, Buffer.from(body));
  agent.destroy();
  for (let index = 0; index < count; index++) {
    const one = request({ host, port, path, method: "POST", rejectUnauthorized: false });
    one.setHeader("content-type", "application/json").setHeader("content-length", 7 * MIB + 1);
    one.on("error", () => {});
    const answered = once(one, "response");
    one.write("{");
    const [response] = await answered;
    counted(response.statusCode);
    one.destroy();
  }
}

/** Says a part, and then what `behind` does; when the server ended the connection, that is counted. */
async function said(text: string, behind: (socket: TLSSocket) => void): Promise<void> {
  const socket = connect({ host, port, rejectUnauthorized: false, allowHalfOpen: true } as never);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {}).resume();
  socket.once("end", () => socket.end());
  await Promise.race([once(socket, "secureConnect"), closed]);
  socket.write(text);
  behind(socket);
  await closed;
  counted("closed");
}

const HEAD = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n`;
const halfClosed = (): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, index) => said(index % 2 === 0 ? HEAD : `${HEAD}\r\n{"kind":`, (socket) => socket.end())));
/** A byte from time to time, for ever. */
const slowLoris = (): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, () =>
      said(HEAD, (socket) => {
        const timer = setInterval(() => socket.write("x"), 300);
        socket.once("close", () => clearInterval(timer));
      }),
    ),
  );

const CALLERS: Readonly<Record<Caller, () => Promise<unknown>>> = {
  hostile,
  honest,
  large,
  "half-closed": halfClosed,
  "slow-loris": slowLoris,
};
await CALLERS[caller]();
const outcome: Outcome = { answers, faults, sockets, latencies: latencies.sort((a, b) => a - b) };
parentPort?.postMessage(outcome);
