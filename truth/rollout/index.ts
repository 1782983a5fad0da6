import { readdirSync, readFileSync } from "node:fs";
import type { Outcome } from "../outcome.ts";
import { playRollout } from "./play.ts";
import type { Recording } from "./recording.ts";
import { RolloutStage } from "./stage.ts";

const data = new URL("../../packages/operator/testdata/kruise/rollout/", import.meta.url);

/** Plays the recorded rollouts of kruise's controller with ours. */
export async function replayRollouts(file: string, only?: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const stage = await RolloutStage.start();
  try {
    for (const entry of readdirSync(data).sort()) {
      const recorded = JSON.parse(readFileSync(new URL(entry, data), "utf8")) as Recording;
      if (only !== undefined && recorded.name !== only) continue;
      const differences = await playRollout(recorded, stage);
      outcomes.push({ file, scenario: recorded.name, step: 0, title: "roll out", differences });
    }
  } finally {
    await stage.stop();
  }
  return outcomes;
}
