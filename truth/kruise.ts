import { readdirSync, readFileSync } from "node:fs";
import {
  type DefaultingCase,
  type InjectionCase,
  type InjectionStage,
  playDefaulting,
  playInjection,
  playValidation,
  type SetStage,
  type ValidationCase,
} from "@outrigger/operator";
import type { Outcome } from "./outcome.ts";

const data = new URL("../packages/operator/testdata/kruise/", import.meta.url);

/** Plays the recorded injections of kruise's webhook: in the engine alone, or on the stage that is given. */
export function replayInjections(file: string, only?: string, stage?: InjectionStage): Promise<Outcome[]> {
  return replay<InjectionCase>({ file, folder: "injection", title: "inject", only }, async (recorded) => {
    const { alike, why } = await playInjection(recorded, stage);
    return alike ? [] : [why ?? "unlike"];
  });
}

/** Plays the recorded judgements about sets, and what was stored of the sets that were taken. */
export async function replaySets(stage: SetStage, only?: string): Promise<Outcome[]> {
  return [
    ...(await replay<ValidationCase>({ file: "kruise/validation", folder: "validation", title: "judge", only }, (recorded) =>
      playValidation(recorded, stage),
    )),
    ...(await replay<DefaultingCase>({ file: "kruise/defaulting", folder: "defaulting", title: "store", only }, (recorded) =>
      playDefaulting(recorded, stage),
    )),
  ];
}

interface Replay {
  readonly file: string;
  readonly folder: string;
  readonly title: string;
  readonly only: string | undefined;
}

async function replay<T extends { readonly name: string }>(
  { file, folder, title, only }: Replay,
  play: (recorded: T) => Promise<readonly string[]>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const cases = new URL(`${folder}/`, data);
  for (const entry of readdirSync(cases).sort()) {
    const recorded = JSON.parse(readFileSync(new URL(entry, cases), "utf8")) as T;
    if (only !== undefined && recorded.name !== only) continue;
    outcomes.push({ file, scenario: recorded.name, step: 0, title, differences: await play(recorded) });
  }
  return outcomes;
}
