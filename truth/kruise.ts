import { readdirSync, readFileSync } from "node:fs";
import { type InjectionCase, type InjectionStage, playInjection } from "@outrigger/operator";
import type { Outcome } from "./outcome.ts";

const data = new URL("../packages/operator/testdata/kruise/injection/", import.meta.url);

/** Plays the recorded injections of kruise's webhook: in the engine alone, or on the stage that is given. */
export async function replayInjections(file: string, only?: string, stage?: InjectionStage): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const entry of readdirSync(data).sort()) {
    const recorded = JSON.parse(readFileSync(new URL(entry, data), "utf8")) as InjectionCase;
    if (only !== undefined && recorded.name !== only) continue;
    const { alike, why } = await playInjection(recorded, stage);
    outcomes.push({ file, scenario: recorded.name, step: 0, title: "inject", differences: alike ? [] : [why ?? "unlike"] });
  }
  return outcomes;
}
