import { informers } from "../src/cache/index.ts";
import { connect } from "../src/client/index.ts";
import {
  type Controller,
  type ControllerRuntime,
  type ReconcileOutcome,
  type RunningController,
  startController,
} from "../src/controller/index.ts";
import type { ApiServer } from "./api-server.ts";

export interface TestController extends AsyncDisposable {
  readonly controller: RunningController;
  /** What became of each reconcile so far. */
  readonly outcomes: ReconcileOutcome[];
}

/** Runs a controller against a server until the test ends (`await using`). */
export async function runController(server: ApiServer, one: Controller, runtime: Partial<ControllerRuntime> = {}): Promise<TestController> {
  const client = connect({ text: server.kubeconfig() });
  const all = informers(client, { onError: () => {} });
  const running = startController(one, { client, informers: all, ...runtime });
  all.start();
  const outcomes: ReconcileOutcome[] = [];
  const reading = (async () => {
    for await (const outcome of running.results()) outcomes.push(outcome);
  })();
  await running.ready;
  return {
    controller: running,
    outcomes,
    async [Symbol.asyncDispose]() {
      await running.stop();
      await reading;
      await all.stop();
      await client.close();
    },
  };
}
