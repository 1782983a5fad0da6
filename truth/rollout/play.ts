import { isDeepStrictEqual } from "node:util";
import { ROLLOUT_EXCEPTIONS } from "./exceptions.ts";
import type { FinalPod, RecordedStep, Recording } from "./recording.ts";
import { finalPod, imagesOf, type RolloutStage } from "./stage.ts";

type Batches = readonly (readonly string[])[];

/**
 * Plays a recorded rollout with our controller: the same set, pods, steps and kubelet. What is compared: which pods were
 * written, in which order and batches, their images then, the set's status after each step, the pods at the end, revisions
 * and the reasons of events.
 *
 * @returns differences; none where it went alike, or as an exception says
 */
export async function playRollout(recorded: Recording, stage: RolloutStage): Promise<string[]> {
  const { name, namespace, storedSidecarset, pods, steps } = recorded;
  const space = `${namespace}-${name}`;
  const short = (pod: string): string => pod.replace(`${name}-`, "");
  await stage.namespace(space);
  for (const pod of pods.filter(({ annotations = {} }) => Object.keys(annotations).length === 0)) await stage.makePod(space, pod);
  await stage.makeSet(name, storedSidecarset);
  for (const pod of pods.filter(({ annotations = {} }) => Object.keys(annotations).length > 0)) await stage.makePod(space, pod);
  await stage.quiet();

  const differences: string[] = [];
  const exception = ROLLOUT_EXCEPTIONS[name];
  for (const [index, step] of steps.entries()) {
    const batches = (await playStep(recorded, step, space, stage, differences)).map((batch) => batch.map(short));
    const wanted: readonly Batches[] = [
      exception?.batches[index] ?? step.batches.map((batch) => batch.pods.map(short)),
      ...(recorded.otherOrderSeenInAnEarlierRecording?.slice(index, index + 1) ?? []),
    ];
    if (!wanted.some((one) => isDeepStrictEqual(batches, one)))
      differences.push(`step ${index}: batches ${JSON.stringify(batches)}, recorded ${JSON.stringify(wanted)}`);
    if (exception === undefined) differences.push(...statusDifferences(index, await stage.setStatus(name), step.setStatus));
  }
  if (exception === undefined) differences.push(...(await endDifferences(recorded, space, stage)));
  return differences;
}

/** @returns the batches in which the controller wrote pods */
async function playStep(
  recorded: Recording,
  step: RecordedStep,
  space: string,
  stage: RolloutStage,
  differences: string[],
): Promise<string[][]> {
  const { name } = recorded;
  const exception = ROLLOUT_EXCEPTIONS[name] !== undefined;
  let before = await stage.pods(space);
  if (step.stored !== undefined) await stage.changeSet(name, step.stored);
  for (const pod of step.newPods ?? []) await stage.makePod(space, pod);
  for (const pod of step.delete ?? []) await stage.deletePod(space, pod);
  for (const [pod, labels] of Object.entries(step.label ?? {})) await stage.mark(space, pod, { labels });
  for (const [pod, annotations] of Object.entries(step.annotate ?? {})) await stage.mark(space, pod, { annotations });
  for (const pod of step.newPods ?? []) before = new Map([...before, [pod.name, (await stage.pods(space)).get(pod.name)!]]);
  for (const pod of step.becameReady ?? []) await stage.startContainers(space, pod);
  const never = new Set([...(recorded.neverReadyAgain ?? []), ...(step.neverReadyAgain ?? [])]);
  const answers = step.ended !== "kubelet did not answer";
  const batches: string[][] = [];
  for (;;) {
    await stage.quiet();
    const now = await stage.pods(space);
    const written = [...now.values()]
      .filter((pod) => !isDeepStrictEqual(imagesOf(pod), imagesOf(before.get(pod.metadata.name) ?? pod)))
      .sort((a, b) => stamp(a) - stamp(b))
      .map(({ metadata }) => metadata.name);
    if (written.length === 0) return batches;
    const images = step.batches[batches.length]?.images ?? {};
    for (const pod of written) {
      const is = imagesOf(now.get(pod)!);
      if (!exception && images[pod] !== undefined && !isDeepStrictEqual(is, images[pod]))
        differences.push(`${pod} in batch ${batches.length}: ${JSON.stringify(is)}, recorded ${JSON.stringify(images[pod])}`);
    }
    batches.push(written);
    before = now;
    if (!answers) return batches;
    for (const pod of written) await stage.stopContainers(space, pod);
    // As the recorder: what the controller writes meanwhile belongs to the next batch.
    for (const pod of written) if (!never.has(pod)) await stage.startContainers(space, pod);
  }
}

/** Pods are written one after the other, so the order of their versions is the order of the writes. */
function stamp({ metadata }: { readonly metadata: { readonly resourceVersion: string } }): number {
  return Number(metadata.resourceVersion);
}

const COUNTS = ["matchedPods", "updatedPods", "readyPods", "updatedReadyPods", "observedGeneration", "latestRevision", "collisionCount"];

function statusDifferences(step: number, ours: Readonly<Record<string, unknown>>, recorded: Readonly<Record<string, unknown>>): string[] {
  return COUNTS.filter((field) => ours[field] !== recorded[field]).map(
    (field) => `status after step ${step}, ${field}: ${ours[field]}, recorded ${recorded[field]}`,
  );
}

async function endDifferences(recorded: Recording, space: string, stage: RolloutStage): Promise<string[]> {
  const differences: string[] = [];
  const pods = await stage.pods(space);
  for (const wanted of recorded.finalPods) {
    const pod = pods.get(wanted.name);
    if (pod === undefined) differences.push(`${wanted.name} is gone`);
    else differences.push(...podDifferences(finalPod(pod), wanted));
  }
  const revisions = await stage.revisions(recorded.name);
  const sorted = [...recorded.controllerRevisions].sort((a, b) => a.revision - b.revision);
  if (!isDeepStrictEqual(revisions, sorted)) differences.push(`revisions ${JSON.stringify(revisions)}, recorded ${JSON.stringify(sorted)}`);
  const [events, wanted] = [reasons(await stage.events(recorded.name)), reasons(recorded.events)];
  if (!isDeepStrictEqual(events, wanted)) differences.push(`events ${JSON.stringify(events)}, recorded ${JSON.stringify(wanted)}`);
  return differences;
}

function podDifferences(ours: FinalPod, recorded: FinalPod): string[] {
  const differences: string[] = [];
  const compare = (what: string, is: unknown, was: unknown): void => {
    if (!isDeepStrictEqual(is, was)) differences.push(`${ours.name}, ${what}: ${JSON.stringify(is)}, recorded ${JSON.stringify(was)}`);
  };
  const keys = new Set([...Object.keys(ours.annotations ?? {}), ...Object.keys(recorded.annotations ?? {})]);
  for (const key of keys) compare(key, annotation(key, ours.annotations?.[key]), annotation(key, recorded.annotations?.[key]));
  compare("images", ours.images, recorded.images);
  compare("ready", ours.ready, recorded.ready);
  const conditions = ({ conditions: all }: FinalPod): unknown[] =>
    all
      .map(({ type, status, reason, message }) => ({ type, status, reason, sets: message?.slice(0, message.indexOf("}") + 1) }))
      .sort((a, b) => (a.type < b.type ? -1 : 1));
  compare("conditions", conditions(ours), conditions(recorded));
  return differences;
}

/** The record of updates has the revision of the last one, kruise's of the first, and counts restarts beside the image's id. */
function annotation(key: string, value: string | undefined): unknown {
  if (value === undefined || key !== "kruise.io/sidecarset-inplace-update-state") return value;
  const states = JSON.parse(value) as Record<
    string,
    { revision?: string; lastContainerStatuses?: Record<string, { restartCount?: number }> }
  >;
  for (const state of Object.values(states)) {
    delete state.revision;
    for (const last of Object.values(state.lastContainerStatuses ?? {})) delete last.restartCount;
  }
  return states;
}

function reasons(events: readonly { readonly type: string; readonly reason: string }[]): string[] {
  return [...new Set(events.map(({ type, reason }) => `${type} ${reason}`))].sort();
}
