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
import type { KubeObject } from "@outrigger/kit/api";
import { soakCluster } from "./cluster.ts";
import { Disturbances } from "./disturbances.ts";
import { History } from "./history.ts";
import { handlers, plans } from "./informers.ts";
import { Judge, storeProblems } from "./judge.ts";
import { COLOR, kinds, namespaces, prepare, SEQUENCE } from "./kinds.ts";
import type { FromWatcher, StoreState, ToWatcher } from "./protocol.ts";
import { SpoilingProxy } from "./proxy.ts";
import { Random } from "./random.ts";
import { Report } from "./report.ts";
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

// What happens to the server itself, one thing after the other.
const accidents = random.fork();
let restarts = 0;
let running = true;
async function befall(): Promise<void> {
  let restartAt = began + Math.min(durationMs / 2, 40_000);
  while (running) {
    await sleep(accidents.between(8000, 16_000));
    if (!running) return;
    if (cluster.restart && Date.now() > restartAt && Date.now() < began + durationMs - 15_000) {
      await cluster.restart();
      restarts++;
      restartAt = Date.now() + 150_000;
    } else {
      await proxy.away(accidents.between(200, 3000));
      disturbances.count("connections refused");
    }
  }
}
const befalling = befall();
const progress = setInterval(() => {
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  console.log(
    `${minutes} min: ${writers.writes} writes, ${proxy.lists} lists, ${proxy.watches} watches, ${judge.events} events told, ${disturbances.total} disturbances`,
  );
}, 60_000);
setTimeout(() => tell({ type: "late" }), durationMs / 2);
await Promise.race([sleep(durationMs), ended]);

running = false;
disturbances.on = false;
await writers.stop();
await befalling;
clearInterval(progress);

/** What the server holds, by kind. */
async function serverState(): Promise<Map<string, Map<string, { version: string; color: string; sequence: number }>>> {
  const all = new Map<string, Map<string, { version: string; color: string; sequence: number }>>();
  for (const kind of kinds) {
    const objects = new Map<string, { version: string; color: string; sequence: number }>();
    for await (const page of cluster.client.pages(kind))
      for (const { metadata } of page.items as unknown as readonly KubeObject[])
        objects.set(`${metadata.namespace}/${metadata.name}`, {
          version: metadata.resourceVersion ?? "",
          color: metadata.labels?.[COLOR] ?? "",
          sequence: Number(metadata.annotations?.[SEQUENCE]),
        });
    all.set(kind.plural, new Map([...objects].filter(([key]) => namespaces.includes(key.split("/")[0]!))));
  }
  return all;
}
const server = await serverState();
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
tell({ type: "stop" });
await Promise.race([ended, sleep(10_000).then(() => watcher.kill("SIGKILL"))]);
await witness.stop();
await proxy.close();
await cluster.close();
rmSync(folder, { recursive: true, force: true });

/** Other things of a cluster that is in use are not ours to count. */
function onlyOurs(state: StoreState): StoreState {
  const ours = (key: string): boolean => namespaces.includes(key.split("/")[0]!);
  return {
    ...state,
    objects: Object.fromEntries(Object.entries(state.objects).filter(([key]) => ours(key))),
    byColor: Object.fromEntries(Object.entries(state.byColor).map(([color, keys]) => [color, keys.filter(ours)])),
  };
}

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
const quiet = [...disturbances.counts].filter(([name, count]) => count === 0 && !name.startsWith("(")).map(([name]) => name);
report.check("every disturbance happened", Number(values.minutes) < 1 ? [] : quiet);
const seconds = durationMs / 1000;
console.log(
  `writes: ${writers.writes} (${(writers.writes / seconds).toFixed(0)}/s), ${writers.unsure} broken off; states in the history: ${history.states}; the witness saw ${witness.events}, with ${witness.gaps} gaps`,
);
console.log(
  `disturbances: ${disturbances.total}: ${[...disturbances.counts].map(([name, count]) => `${name} ${count}`).join(", ")}; restarts of the API server ${restarts}`,
);
console.log(
  `requests: ${proxy.lists} lists (relists: ${proxy.lists - plans.length}), ${proxy.watches} watches; events passed on ${proxy.events}, told to handlers ${judge.events}`,
);
console.log(`lag: max ${judge.maxLagMs} ms, 99 % below ${judge.p99LagMs} ms; caught up ${caughtUpMs} ms after the last disturbance`);
console.log(report.figures());
process.exit(report.end());
