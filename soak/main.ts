// `npm run test:soak -- [--minutes N] [--seed S] [--kubeconfig FILE] [--writes PER_SECOND]`
//
// Informers behind a proxy that spoils their connections, while objects are written, deleted and made anew. In the end
// every store must equal the server's list, and every handler must have been told of each object's states in order, up
// to the last. Without --kubeconfig it starts a cluster: real Kubernetes where KUBEBUILDER_ASSETS names one, or a devcluster.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Accidents } from "./accidents.ts";
import { soakCluster } from "./cluster.ts";
import { Disturbances } from "./disturbances.ts";
import { History } from "./history.ts";
import { handlers, plans } from "./informers.ts";
import { Judge, storeProblems } from "./judge.ts";
import { prepare } from "./kinds.ts";
import type { FromWatcher, StoreState, ToWatcher } from "./protocol.ts";
import { SpoilingProxy } from "./proxy.ts";
import { Random } from "./random.ts";
import { Report } from "./report.ts";
import { onlyOurs, serverState } from "./server-state.ts";
import { Witness } from "./witness.ts";
import { Writers } from "./writers.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string" },
    kubeconfig: { type: "string" },
    writes: { type: "string", default: "200" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const durationMs = Number(values.minutes) * 60_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** How long the stores may take to catch up when nothing disturbs them any more, milliseconds. */
const CATCH_UP_MS = 90_000;

/** Share of the writes asked for that must have been made: a busy machine makes fewer, and while an API server starts anew there are none. */
const LEAST_RATE = 0.5;

const random = new Random(seed);
const cluster = await soakCluster(values.kubeconfig);
console.log(`soak: ${values.minutes} min on ${cluster.kind}, ${values.writes} writes/s, --seed ${seed}`);
const history = new History();
const disturbances = new Disturbances(random.fork());
const proxy = new SpoilingProxy(cluster.client, disturbances);
const writers = new Writers(cluster.client, history, random.fork());
const witness = new Witness(cluster.client, history);
const judge = new Judge(history);
const report = new Report();
const folder = mkdtempSync(join(tmpdir(), "outrigger-soak-"));

await prepare(cluster.client);
await proxy.listen();
const kubeconfigFile = join(folder, "kubeconfig");
writeFileSync(kubeconfigFile, proxy.kubeconfig);
witness.start();
writers.start(Number(values.writes));
await sleep(2000);
const began = Date.now();
disturbances.on = true;

const watcher = fork(new URL("watcher.ts", import.meta.url), [kubeconfigFile, String(random.below(2 ** 31))], {
  execArgv: ["--conditions=source", "--expose-gc", "--disable-warning=ExperimentalWarning"],
});
let stores: ((states: readonly StoreState[]) => void) | undefined;
watcher.on("message", (message: FromWatcher) => {
  if (message.type === "records") judge.take(message.records);
  else if (message.type === "heap") report.heap.push({ at: Date.now() - began, used: message.used });
  else if (message.type === "error") report.error(message.code, message.message);
  else if (message.type === "stores") stores?.(message.stores);
});
const ended = once(watcher, "exit");
const tell = (message: ToWatcher): void => void (watcher.connected && watcher.send(message));
function storesNow(): Promise<readonly StoreState[] | undefined> {
  const answer = new Promise<readonly StoreState[]>((resolve) => {
    stores = resolve;
  });
  tell({ type: "stores" });
  return Promise.race([answer, sleep(20_000).then(() => undefined)]);
}

const accidents = new Accidents(cluster, proxy, disturbances, random.fork(), durationMs);
const progress = setInterval(() => {
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  console.log(
    `${minutes} min: ${writers.writes} writes, ${proxy.lists} lists, ${proxy.watches} watches, ${judge.events} events told, ${disturbances.total} disturbances`,
  );
}, 60_000);
setTimeout(() => tell({ type: "late" }), durationMs / 2);
await Promise.race([sleep(durationMs), ended]);

disturbances.on = false;
await writers.stop();
await accidents.stop();
clearInterval(progress);

const server = await serverState(cluster.client);
const quietSince = Date.now();
let states: readonly StoreState[] | undefined;
let problems: string[][] = [];
let told: string[][] = [];
for (;;) {
  states = watcher.connected ? await storesNow() : undefined;
  // One more turn for the records that came with it.
  await sleep(300);
  problems = plans.map((plan, index) =>
    states?.[index] ? storeProblems(plan, onlyOurs(states[index]), server.get(plan.resource.plural)!) : ["did not answer"],
  );
  told = handlers.map(({ plan }, index) => judge.endOf(index, server.get(plan.resource.plural)!));
  if ([...problems, ...told].every(({ length }) => length === 0) || Date.now() - quietSince > CATCH_UP_MS || !watcher.connected) break;
  await sleep(500);
}
const caughtUpMs = Date.now() - quietSince;
judge.finish();
told = handlers.map(({ plan }, index) => judge.endOf(index, server.get(plan.resource.plural)!));
// What hangs is to be ended by its reader's notice, not by its stop.
while (proxy.hanging > 0 && watcher.connected) await sleep(250);
const { streams, answers, unnoticed, slowestMs } = proxy.hung;
tell({ type: "stop" });
await Promise.race([ended, sleep(10_000).then(() => watcher.kill("SIGKILL"))]);
await witness.stop();
await proxy.close();
await cluster.close();
rmSync(folder, { recursive: true, force: true });

plans.forEach(
  (plan, index) =>
    void report.check(
      `store of ${plan.name} equals the server's (${[...server.get(plan.resource.plural)!].length} of its kind)`,
      problems[index]!,
    ),
);
handlers.forEach(
  ({ plan, manner }, index) =>
    void report.check(
      `${manner} handler of ${plan.name} was told ${judge.views[index]!.events} states in order, up to the last`,
      told[index]!,
    ),
);
report.check("memory does not grow", report.growth(durationMs));
report.check("nothing else went wrong", report.strange());
const quiet = [...disturbances.counts].filter(([, count]) => count === 0).map(([name]) => name);
report.check("every disturbance happened", Number(values.minutes) < 1 ? [] : quiet);
report.check(
  `${streams} streams and ${answers} answers that hung were given up by their reader, the slowest after ${(slowestMs / 1000).toFixed(1)} s`,
  unnoticed > 0 ? [`${unnoticed} were not`] : Math.min(streams, answers) === 0 && Number(values.minutes) >= 1 ? ["none was"] : [],
);
const rate = writers.writes / writers.seconds;
report.check(
  `${rate.toFixed(0)} writes/s were made of the ${values.writes} asked for`,
  rate < LEAST_RATE * Number(values.writes) ? ["that is not enough"] : [],
);
console.log(
  `writes: ${writers.writes}, ${writers.unsure} broken off; states in the history: ${history.states}; the witness saw ${witness.events}, with ${witness.gaps} gaps`,
);
console.log(
  `disturbances: ${disturbances.total}: ${[...disturbances.counts].map(([name, count]) => `${name} ${count}`).join(", ")}; restarts of the API server ${accidents.restarts}`,
);
console.log(
  `requests: ${proxy.lists} lists (relists: ${proxy.lists - plans.length}), ${proxy.watches} watches; events passed on ${proxy.events}, told to handlers ${judge.events}`,
);
console.log(`lag: max ${judge.maxLagMs} ms, 99 % below ${judge.p99LagMs} ms; caught up ${caughtUpMs} ms after the last disturbance`);
console.log(report.figures());
process.exit(report.end());
