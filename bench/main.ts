// npm run bench -- [NAME…] [--seconds N]: runs the benchmarks and prints one table. Peers run in the same run, each
// contender in a process of its own, so that what counts is the ratio; absolute figures differ from machine to machine.
import { parseArgs } from "node:util";

export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
  readonly met: boolean;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: "string", default: "5" } } });
const seconds = Number(values.seconds);
const all: Record<string, () => Promise<{ run(seconds: number): Promise<Figure[]> }>> = {
  engine: () => import("./injection/engine.ts"),
  webhook: () => import("./injection/webhook.ts"),
  manifests: () => import("./injection/manifests.ts"),
  reviews: () => import("./manager/reviews.ts"),
  client: () => import("./runtime/get.ts"),
  informer: () => import("./runtime/informer.ts"),
  "manager-memory": () => import("./runtime/manager-memory.ts"),
  watch: () => import("./runtime/watch.ts"),
  queue: () => import("./runtime/queue.ts"),
  reconcile: () => import("./runtime/reconcile.ts"),
  relist: () => import("./relist/relist.ts"),
  agent: () => import("./agent/agent.ts"),
  logs: () => import("./logs/follow.ts"),
  author: () => import("./author/author.ts"),
};
const chosen = positionals.length > 0 ? positionals : Object.keys(all);
const figures: Figure[] = [];
for (const name of chosen) {
  const load = all[name];
  if (!load) throw new Error(`no benchmark ${name}; there are ${Object.keys(all).join(", ")}`);
  figures.push(...(await (await load()).run(seconds)));
}
console.log("| what | measured | goal | met |\n|---|---|---|---|");
for (const { what, value, goal, met } of figures) console.log(`| ${what} | ${value} | ${goal} | ${met ? "yes" : "**no**"} |`);
