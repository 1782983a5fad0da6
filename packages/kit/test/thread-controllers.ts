// What runs in the thread of threads.test.ts.
import { once } from "node:events";
import { builtIn } from "../src/api/index.ts";
import { controller } from "../src/controller/index.ts";
import type { ThreadManagerOptions } from "../src/manager/index.ts";

const ConfigMap = builtIn<{ apiVersion?: "v1"; kind?: "ConfigMap"; metadata?: object; data?: Record<string, string> }>()(
  "v1",
  "ConfigMap",
  "configmaps",
  "Namespaced",
);

export default function make({ fail, slow }: { readonly fail?: boolean; readonly slow?: boolean } = {}): ThreadManagerOptions {
  return {
    // One that does not serve before it is told to stop.
    webhooks: slow
      ? [
          {
            name: "slow",
            async start({ signal, log }) {
              log.info({}, "does not serve yet");
              await once(signal, "abort");
              return { stop: async () => {} };
            },
          },
        ]
      : [],
    controllers: [
      controller(ConfigMap, { name: "threaded" }).reconcile(async (_object, ctx) => {
        ctx.log.info({}, "reconciled in a thread");
      }),
    ],
    services: fail
      ? [
          {
            name: "failing",
            start: async () => {
              throw new Error("the thread's own failure");
            },
          },
        ]
      : [],
  };
}
