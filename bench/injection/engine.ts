import { decide } from "@outrigger/operator";
import type { Figure } from "../main.ts";
import { pod, rules } from "./rules.ts";

const GOAL = 50_000;
const context = { namespace: "default", namespaceLabels: { "kubernetes.io/metadata.name": "default" }, now: "2026-01-02T03:04:05Z" };

/** Pods per second through the pure engine, one core, 100 sets of which 3 match; every pod is another object. */
export async function run(seconds: number): Promise<Figure[]> {
  const compiled = rules();
  const pods = Array.from({ length: 2000 }, (_, index) => pod(index));
  const first = decide(pods[0]!, compiled, context);
  if (first.pod.spec.containers.length !== 4) throw new Error(`the engine added ${first.pod.spec.containers.length - 1} sidecars, not 3`);
  let decided = 0;
  let operations = 0;
  const until = performance.now() + seconds * 1000;
  const start = performance.now();
  do {
    for (const one of pods) operations += decide(one, compiled, context).patch.length;
    decided += pods.length;
  } while (performance.now() < until);
  const rate = decided / ((performance.now() - start) / 1000);
  return [
    {
      what: `injection engine, 100 sets of which 3 match (${(operations / decided).toFixed(0)} patch operations a pod)`,
      value: `${Math.round(rate).toLocaleString("en")} pods/s on one core`,
      goal: `≥ ${GOAL.toLocaleString("en")} pods/s`,
      met: rate >= GOAL,
    },
  ];
}
