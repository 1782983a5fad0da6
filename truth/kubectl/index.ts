/**
 * Replays sessions of kubectl that were recorded with a real cluster: each scenario, with each kubectl at hand, against
 * a devcluster of its own.
 */
import { availableParallelism } from "node:os";
import type { Outcome } from "../outcome.ts";
import { kubectlsAtHand } from "./kubectls.ts";
import { replayKubectl } from "./replay.ts";
import { recordedScenarios } from "./scenario.ts";

/** What runs in CI, a fifth of all commands: scenarios that wait for nothing. `--whole` plays all 36. */
const SAMPLE = new Set(["apply-client", "edit", "errors", "get-empty", "label-annotate", "patch"]);

export interface KubectlSelection {
  readonly whole: boolean;
  readonly scenario: string | undefined;
}

/** Without a kubectl of a recorded version: prints one line, and returns no outcomes. */
export async function replayKubectls({ whole, scenario }: KubectlSelection): Promise<Outcome[]> {
  const scenarios = recordedScenarios().filter(({ name }) => (scenario === undefined ? whole || SAMPLE.has(name) : name === scenario));
  const kubectls = kubectlsAtHand().filter(({ version }) => scenarios.some(({ versions }) => versions.includes(version)));
  if (kubectls.length === 0) console.log("kubectl: none at hand that was recorded (KUBECTL names one)");
  const waiting = kubectls.flatMap((kubectl) => scenarios.map((one) => ({ kubectl, one })));
  const outcomes: Outcome[] = [];
  await Promise.all(
    Array.from({ length: Math.max(2, availableParallelism()) }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) outcomes.push(...(await replayKubectl(next.one, next.kubectl)));
    }),
  );
  return outcomes;
}
