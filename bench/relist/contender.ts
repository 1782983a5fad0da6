// A manager with a webhook, a lease, and a controller with all pods in its cache: in one event loop (`loop`), or the
// controller in a thread of its own (`thread`).
import { manager, workerManager } from "@outrigger/kit/manager";
import { allow, validate, webhookService } from "@outrigger/kit/webhook";
import { answerWith } from "../contender.ts";
import pods from "./pods.ts";

export interface Start {
  readonly kubeconfig: string;
  readonly certificate: { readonly certificate: string; readonly key: string };
}

let failure: string | undefined;

answerWith(async (message: Start | "failure"): Promise<unknown> => {
  if (message === "failure") return failure;
  const { kubeconfig, certificate } = message;
  const inThread = process.argv[2] === "thread";
  const listening = Promise.withResolvers<number>();
  const webhook = webhookService({
    certificate,
    port: 0,
    host: "127.0.0.1",
    // What is measured is the waiting: conversions and rules cost what they cost elsewhere.
    webhooks: [validate("/validate", () => allow())],
    onListening: (_server, port) => listening.resolve(port),
  });
  const running = manager({
    kubeconfig: { text: kubeconfig },
    name: "relist",
    log: false,
    leaderElection: {},
    webhooks: [webhook, ...(inThread ? [workerManager({ name: "pods", module: new URL("pods.ts", import.meta.url) })] : [])],
    ...(inThread ? {} : pods()),
  });
  running.run().catch((error: unknown) => {
    failure = String(error);
    listening.reject(error);
  });
  await running.ready;
  return await listening.promise;
});
