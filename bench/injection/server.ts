// A server under test, in a process of its own: `outrigger` (the pods' webhook) or `bare` (node:https and a constant).
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { answerReview, mutate, webhookServer } from "@outrigger/kit/webhook";
import { mutatePod } from "@outrigger/operator";
import { review, rules } from "./rules.ts";

process.once("message", async (certificate: { certificate: string; key: string }) => {
  process.send?.(await (process.argv[2] === "bare" ? bare(certificate) : outrigger(certificate)));
});

function outrigger(certificate: { certificate: string; key: string }): Promise<number> {
  const compiled = rules();
  const namespaceLabels = { "kubernetes.io/metadata.name": "default" };
  const server = webhookServer({
    host: "127.0.0.1",
    port: 0,
    certificate,
    webhooks: [mutate("/mutate--v1-pod", (request) => mutatePod(request, compiled, { namespaceLabels, now: new Date() }))],
  });
  return server.listen();
}

/** What any such server must do: take the body, and answer as much. The answer is a constant, of the size of ours. */
async function bare({ certificate, key }: { certificate: string; key: string }): Promise<number> {
  const webhook = mutate("/", (request) => mutatePod(request, rules(), { namespaceLabels: {}, now: new Date() }));
  const answer = Buffer.from((await answerReview(webhook, review(0), { timeoutMs: undefined, signal: new AbortController().signal })).body);
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      Buffer.concat(chunks);
      response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
      response.end(answer);
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

// What the server itself spent, for a ratio that does not depend on what else the machine does.
process.on("message", (message) => {
  if (message === "cpu") process.send?.(process.cpuUsage().user + process.cpuUsage().system);
});
