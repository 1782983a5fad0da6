import { connect } from "@outrigger/kit/client";
import { MutatingWebhookConfiguration } from "@outrigger/kit/kinds";
import { SidecarSets } from "@outrigger/operator";
import { Contender } from "../contender.ts";
import { hundredSets } from "../injection/rules.ts";
import type { Figure } from "../main.ts";
import type { LoadOptions, LoadResult } from "./load.ts";
import { ServerProcess } from "./process.ts";

const CONNECTIONS = [1, 16, 64] as const;
/** Reviews before anything is measured: the compiler of the server has done its work by then. */
const WARM_UP = 30_000;
/** Reviews for each second that the benchmarks are given. */
const PER_SECOND = 10_000;
/** Kruise's recorded figures with the same sets: see shared/k8s/kruise/throughput.json. */
const KRUISE = "kruise, recorded: 400 to 440 reviews per CPU-second, 23 ms, 147 ms, 120 MiB";
const GOAL = { perCpuSecond: 16_200, p50: 0.87, p99: 2.7, mebibytes: 120 };

/** Where the API server sends reviews of pods to. */
interface Target {
  readonly server: ServerProcess;
  readonly url: string;
  readonly ca: string;
  readonly end: () => Promise<void>;
}

interface Measured extends LoadResult {
  readonly perCpuSecond: number;
  readonly residentMiB: number;
}

/**
 * Reviews of pods by the running manager with 100 sets of which 3 match. `BENCH_AGAINST` names another checkout, built, whose manager
 * is measured after it with the same load.
 */
export async function run(seconds: number): Promise<Figure[]> {
  const checkout = process.env["BENCH_AGAINST"];
  const ours = await measured(() => manager(), seconds);
  const figures: Figure[] = [
    ...CONNECTIONS.map((connections) => figureOf(`manager, 100 sets of which 3 match, ${connections} connections`, ours.at(connections))),
    {
      what: "manager, resident memory idle, and the most under those loads",
      value: `${ours.idleMiB.toFixed(0)} and ${ours.mostMiB.toFixed(0)} MiB`,
      goal: `≤ ${GOAL.mebibytes} MiB`,
      met: ours.mostMiB <= GOAL.mebibytes,
    },
  ];
  if (checkout !== undefined) {
    const other = await measured(() => manager(checkout), seconds);
    for (const connections of CONNECTIONS) {
      const ratio = ours.at(connections).perCpuSecond / other.at(connections).perCpuSecond;
      const value = `${ratio.toFixed(2)} × (${text(other.at(connections))})`;
      figures.push({
        what: `reviews per CPU-second beside ${checkout}, ${connections} connections`,
        value,
        goal: "≥ 1 ×",
        met: ratio >= 1,
      });
    }
  }
  return figures;
}

function figureOf(what: string, one: Measured): Figure {
  const held = one.perCpuSecond >= GOAL.perCpuSecond && one.p50 <= GOAL.p50 && one.p99 <= GOAL.p99;
  const isGoal = what.includes("16 connections");
  return {
    what,
    value: `${text(one)}; ${KRUISE}`,
    goal: isGoal
      ? `≥ ${GOAL.perCpuSecond.toLocaleString("en")} per CPU-second, p50 ≤ ${GOAL.p50} ms, p99 ≤ ${GOAL.p99} ms`
      : "≥ 10 × kruise's",
    met: isGoal ? held : one.perCpuSecond >= 4_400,
  };
}

function text({ perCpuSecond, p50, p99 }: Measured): string {
  return `${Math.round(perCpuSecond).toLocaleString("en")} reviews per CPU-second, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
}

async function measured(start: () => Promise<Target>, seconds: number) {
  const target = await start();
  const load = Contender.start("manager/load.ts");
  const reviews = seconds * PER_SECOND;
  const { url, ca, server } = target;
  try {
    const send = (connections: number, reviews: number): Promise<LoadResult> =>
      load.ask<LoadResult>({ url, ca, connections, reviews } satisfies LoadOptions);
    const idleMiB = server.residentMiB;
    await send(16, WARM_UP);
    const found = new Map<number, Measured>();
    for (const connections of CONNECTIONS) {
      const before = server.cpuSeconds;
      const result = await send(connections, reviews);
      found.set(connections, { ...result, perCpuSecond: result.reviews / (server.cpuSeconds - before), residentMiB: server.residentMiB });
    }
    return {
      idleMiB,
      mostMiB: Math.max(...[...found.values()].map(({ residentMiB }) => residentMiB)),
      at: (connections: number) => found.get(connections)!,
    };
  } finally {
    await load.end();
    await target.end();
  }
}

async function manager(checkout?: string): Promise<Target> {
  const cluster = Contender.start("manager/cluster.ts");
  const kubeconfig = await cluster.ask<string>({});
  const server = await ServerProcess.manager(kubeconfig, checkout);
  const client = connect({ file: kubeconfig }, { onWarning: () => {} });
  for (const set of hundredSets()) await client.create(SidecarSets, set as never);
  // Entries that are narrowed to what sets select come later; each knows the address.
  const { items } = await client.list(MutatingWebhookConfiguration);
  const clientConfig = items
    .flatMap(({ webhooks }) => (webhooks ?? []) as readonly Entry[])
    .find(({ rules }) => rules?.some(({ resources }) => resources?.includes("pods")))?.clientConfig;
  await client.close();
  if (clientConfig?.url === undefined) throw new Error("the manager registered no webhook for pods");
  return {
    server,
    url: clientConfig.url,
    ca: Buffer.from(clientConfig.caBundle ?? "", "base64").toString(),
    end: async () => {
      await server.end();
      await cluster.end();
    },
  };
}

interface Entry {
  readonly clientConfig?: { readonly url?: string; readonly caBundle?: string };
  readonly rules?: readonly { readonly resources?: readonly string[] }[];
}
