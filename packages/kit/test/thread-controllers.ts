// What runs in the thread of threads.test.ts.
import { once } from "node:events";
import { connect } from "node:net";
import { builtIn } from "../src/api/index.ts";
import { controller } from "../src/controller/index.ts";
import type { ThreadManagerOptions } from "../src/manager/index.ts";

const ConfigMap = builtIn<{ apiVersion?: "v1"; kind?: "ConfigMap"; metadata?: object; data?: Record<string, string> }>()(
  "v1",
  "ConfigMap",
  "configmaps",
  "Namespaced",
);

interface Data {
  readonly fail?: boolean;
  readonly slow?: boolean;
  /** A port to connect to, and then to do nothing more, for ever. */
  readonly stuck?: number;
}

export default function make({ fail, slow, stuck }: Data = {}): ThreadManagerOptions | Promise<never> {
  if (stuck !== undefined) {
    connect(stuck, "127.0.0.1");
    return new Promise(() => {});
  }
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
