import { isDeepStrictEqual } from "node:util";
import type { Pod } from "../pod/index.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, type SidecarSet } from "../sidecarset/index.ts";
import { differencesOf } from "./differences.ts";
import { EngineStage } from "./engine-stage.ts";
import { type Exception, exceptionsOf } from "./exceptions.ts";
import type { InjectionCase } from "./injection-case.ts";
import { normal } from "./normal.ts";
import type { InjectionStage } from "./stage.ts";

type Created = Awaited<ReturnType<InjectionStage["create"]>>;

/**
 * Plays one recorded injection: its sets are submitted, its pod is created, and what is stored is compared with what
 * kruise made of it.
 *
 * @param stage where it is played. Default: the engine alone
 * @returns `why` says the first differences by path
 */
export async function playInjection(
  recorded: InjectionCase,
  stage: InjectionStage = new EngineStage(),
): Promise<{ alike: boolean; why?: string }> {
  const exceptions = exceptionsOf(recorded.name);
  const problems: string[] = [];
  const refusal = exceptions.find(({ setRefused }) => setRefused !== undefined)?.setRefused;
  let submitted = await stage.submit(recorded.sidecarsets, recorded);
  if (refusal !== undefined) {
    if (submitted.refused === undefined) problems.push("the sets are not refused");
    else if (!submitted.refused.includes(refusal.field))
      problems.push(`the sets are refused, not for ${refusal.field}: ${submitted.refused}`);
    if (refusal.whenThereAlready === "unlike") return verdict(problems);
    submitted = await stage.submit(recorded.sidecarsets, recorded, { unjudged: true });
  }
  if (submitted.refused !== undefined) return verdict([...problems, `a set is refused: ${submitted.refused}`]);
  problems.push(...hashProblems(recorded, submitted.stored));

  const otherwise = exceptions.find((exception) => exception.otherwise !== undefined)?.otherwise;
  if (otherwise !== undefined) {
    const created = await stage.create(recorded);
    const outcome = created.refused !== undefined ? "refused" : isUntouched(created.pod, recorded) ? "untouched" : "changed";
    if (outcome !== otherwise) problems.push(`without asking for kruise's way the pod is ${outcome}, not ${otherwise}`);
  }
  const ways = exceptions.flatMap(({ askForIt }) => askForIt ?? []);
  if (ways.length > 0) {
    const asked = await stage.submit(
      recorded.sidecarsets.map((set) => ways.reduce((done, ask) => ask(done), set)),
      recorded,
    );
    if (asked.refused !== undefined) return verdict([...problems, `a set is refused: ${asked.refused}`]);
  }
  const excludedNamespaces = exceptions.find((exception) => exception.excludedNamespaces !== undefined)?.excludedNamespaces;
  if (excludedNamespaces !== undefined && !stage.canExclude) return verdict(problems);
  const created = await stage.create(recorded, excludedNamespaces === undefined ? {} : { excludedNamespaces });
  const results = [recorded.result, ...(recorded.variants ?? [])];
  const differences = results.map((result) => compare(created, result, exceptions));
  return verdict(differences.some((list) => list.length === 0) ? problems : [...problems, ...(differences[0] ?? [])]);
}

function verdict(problems: readonly string[]): { alike: boolean; why?: string } {
  return problems.length === 0 ? { alike: true } : { alike: false, why: problems.slice(0, 6).join("; ") };
}

function hashProblems(recorded: InjectionCase, sets: readonly SidecarSet[]): string[] {
  return (recorded.storedSidecarsets ?? []).flatMap((stored) => {
    const ours = sets.find((set) => set.metadata.name === stored.metadata.name);
    return [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION].flatMap((annotation) => {
      const [was, is] = [stored.metadata.annotations?.[annotation], ours?.metadata.annotations?.[annotation]];
      return was === is ? [] : [`${annotation} of ${stored.metadata.name}: ${is}, recorded ${was}`];
    });
  });
}

function isUntouched(pod: Pod, { podWithoutSidecarSets }: InjectionCase): boolean {
  return podWithoutSidecarSets !== undefined && isDeepStrictEqual(normal(pod), normal(podWithoutSidecarSets));
}

function compare(created: Created, result: InjectionCase["result"], exceptions: readonly Exception[]): string[] {
  if (created.refused !== undefined) return result.status === undefined ? [`refused: ${created.refused}`] : [];
  if (result.status !== undefined) return [`admitted, recorded: ${result.status.message}`];
  const normalise = (pod: Pod): Pod => exceptions.reduce((done, exception) => exception.normalise?.(done) ?? done, normal(pod));
  return differencesOf(normalise(created.pod), normalise(result.pod));
}
