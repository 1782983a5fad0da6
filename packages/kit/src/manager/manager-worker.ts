// The thread in which a manager of its own runs; see worker-manager.ts.
import { parentPort, workerData } from "node:worker_threads";
import { type Metrics, metrics } from "./metrics.ts";
import { RunnableManager } from "./run.ts";
import { forwardingLog } from "./thread-log.ts";
import type { FromManagerThread, ManagerThreadData, ToManagerThread } from "./thread-messages.ts";
import type { ThreadModule } from "./worker-manager.ts";

const { module, data, name, cluster } = workerData as ManagerThreadData;
const port = parentPort!;
const tell = (message: FromManagerThread): void => port.postMessage(message);
let counting: Metrics | undefined;
const stop = new AbortController();

port.on("message", (message: ToManagerThread) => {
  if (message.type === "stop") stop.abort();
  else void (counting?.families() ?? Promise.resolve([])).then((families) => tell({ type: "metrics", id: message.id, families }));
});

try {
  const { default: make } = (await import(module)) as { readonly default: ThreadModule };
  const options = await make(data);
  counting = metrics(options.metrics);
  const running = new RunnableManager(
    { name, ...options, kubeconfig: cluster, log: forwardingLog(tell) },
    { metrics: counting, onServing: () => tell({ type: "serving" }), onSynced: () => tell({ type: "synced" }) },
  );
  await running.run(stop.signal);
  tell({ type: "stopped" });
} catch (error) {
  const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
  tell({ type: "failed", name: kind, message });
} finally {
  port.close();
}
