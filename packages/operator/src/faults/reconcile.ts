import { isDeepStrictEqual } from "node:util";
import type { Result } from "@outrigger/kit/controller";
import { Namespace, Pod } from "@outrigger/kit/kinds";
import { type AcceptedTargets, nextAccepted, targetsInForce } from "./accepted.ts";
import { agentFaultName } from "./body.ts";
import { candidate, isGone, onHostNetwork, type PodLike, podAddresses, podSelector } from "./candidates.ts";
import { type Candidate, choosePods, POD_GONE } from "./choose.ts";
import type { FaultContext } from "./controller.ts";
import type { Driver, Order, Outcome } from "./driver.ts";
import { tell, tellShortfall } from "./events.ts";
import { agentToken, NotPreparedError, prepareBody, specProblem } from "./prepare.ts";
import { NetworkFault, type NetworkFaultObject, type PodEntry } from "./resource.ts";
import { type Due, dueRun, text } from "./run.ts";
import { faultStatus, mayHold, type Standing } from "./status.ts";

export const FINALIZER = "outrigger.dev/networkfault";
const AGENT_PORT = 2332;
/** The longest sleep, for what no event tells of. */
const LONGEST_MS = 3_600_000;
/** Services have no watch here: they are looked at again this often while they are missing. */
const OBSTACLE_RETRY_MS = 10_000;

/** What a run wants, before any agent is asked. */
interface Plan {
  readonly due: Due | undefined;
  readonly problem: string | undefined;
  readonly of: number;
  readonly chosen: readonly Candidate[];
  readonly hostNetwork: number;
  /** Entries of this run. */
  readonly before: readonly PodEntry[];
  /** The addresses that agents took in this run. */
  readonly accepted?: AcceptedTargets | undefined;
  /** Why nobody is chosen, as the reason of a recovered pod. */
  readonly over: string;
}

/**
 * Brings one fault's pods to where they should be.
 *
 * The order matters: the finalizer and the chosen pods stand in the object before an agent is asked anything, so that
 * whoever comes after a crash knows whom to look for; and the finalizer goes only when no pod may have the fault.
 */
export async function reconcileFault(fault: NetworkFaultObject, ctx: FaultContext, driver: Driver): Promise<Result> {
  const now = Date.now();
  const plan = planRun(fault, ctx, now);
  const known = fault.status?.pods ?? [];
  const deleting = fault.metadata.deletionTimestamp !== undefined;
  const order: Omit<Order, "token"> = {
    fault: fault.metadata.uid,
    name: agentFaultName(fault.metadata),
    port: fault.spec.agent?.port ?? AGENT_PORT,
  };

  let obstacle: { readonly reason: string; readonly message: string } | undefined;
  let prepared: Awaited<ReturnType<typeof prepareBody>> | undefined;
  let token: string | undefined;
  const chosenUids = new Set(plan.chosen.map(({ uid }) => uid));
  const leaving = known.filter((entry) => mayHold(entry) && !chosenUids.has(entry.uid));
  if (plan.chosen.length > 0 || leaving.length > 0) {
    try {
      token = await agentToken(fault, ctx.client, ctx.signal);
      if (plan.chosen.length > 0)
        prepared = await prepareBody(fault, surroundings(fault, ctx), ctx.client, ctx.signal, targetsInForce(fault, plan.accepted));
    } catch (error) {
      if (!(error instanceof NotPreparedError)) throw error;
      obstacle = { reason: error.reason, message: error.message };
    }
  }
  const { body, shortfall } = prepared ?? {};
  // What cannot be set is taken off, and so is in force for nobody.
  const accepted = obstacle ? undefined : plan.accepted;

  const addresses = new Map(plan.chosen.map(({ uid, address }) => [uid, address]));
  const chosen = plan.chosen.map(({ name, uid }): PodEntry => {
    const entry = known.find((one) => one.uid === uid);
    return entry && entry.state !== "Recovered" ? entry : { name, uid, state: "Pending", since: text(seconds(now)) };
  });
  const where = { ...plan, accepted, obstacle, shortfall, deleting };
  const standing = (entries: readonly PodEntry[]): Standing => ({ ...where, now: Date.now(), entries });

  // Who is to have the fault is written before anybody gets it.
  let written = false;
  const finalizer = fault.metadata.finalizers?.includes(FINALIZER) ?? false;
  if (body && chosen.some(({ uid, state }) => state === "Pending" && !known.some((one) => one.uid === uid && mayHold(one)))) {
    if (!finalizer) await setFinalizer(fault, ctx, true);
    written = true;
    await ctx.status(faultStatus(fault, standing(sorted([...chosen, ...leaving, ...remembered(plan, fault, chosenUids)]))));
  } else if (body && !finalizer && chosen.length > 0) await setFinalizer(fault, ctx, true);

  const { namespace } = fault.metadata;
  const full: Order = { ...order, ...(token === undefined ? {} : { token }) };
  let againAt = Math.min(plan.due?.endsAt ?? Number.POSITIVE_INFINITY, plan.due?.nextAt ?? Number.POSITIVE_INFINITY);
  const note = (entry: PodEntry, outcome: Outcome, reason?: string): PodEntry => {
    if (outcome.state !== "Recovered") againAt = Math.min(againAt, outcome.againAt);
    return changed(entry, outcome, reason);
  };
  const entries = await Promise.all([
    ...chosen.map(async (entry): Promise<PodEntry> => {
      const pod = { ...entry, namespace, address: addresses.get(entry.uid) ?? "" };
      if (body) return note(entry, await driver.apply(full, pod, body, plan.due?.endsAt, ctx.signal));
      if (entry.state === "Pending") return entry;
      const outcome = await driver.remove(full, pod, undefined, ctx.signal);
      return outcome.state === "Recovered" ? changed(entry, { state: "Pending", ...obstacle }) : note(entry, outcome);
    }),
    ...leaving.map(async (entry): Promise<PodEntry> => {
      const pod = podOf(entry, fault, ctx);
      if (!pod) {
        driver.forget(order.fault, entry.uid);
        return changed(entry, { state: "Recovered", reason: POD_GONE });
      }
      const since = deleting ? Date.parse(fault.metadata.deletionTimestamp ?? "") : undefined;
      const outcome = await driver.remove(full, { ...entry, namespace, address: podAddresses(pod)[0] ?? "" }, since, ctx.signal);
      return note(entry, outcome, plan.over);
    }),
  ]);
  tell(fault, known, entries, ctx);
  if (shortfall !== undefined) tellShortfall(fault, shortfall, ctx);

  const kept = sorted([...entries.filter((entry) => keeps(plan, entry, chosenUids)), ...remembered(plan, fault, chosenUids, leaving)]);
  const held = kept.some(mayHold);
  const taken = entries.some(({ uid, state }) => state === "Applied" && chosenUids.has(uid));
  const next = faultStatus(fault, { ...standing(kept), accepted: prepared ? nextAccepted(fault, accepted, prepared, taken) : accepted });
  if (deleting && !held) {
    if (finalizer) await setFinalizer(fault, ctx, false);
    return undefined;
  }
  // The event of a write brings it here again, with the version that the finalizer's removal needs.
  if (written || !isDeepStrictEqual(next, fault.status)) await ctx.status(next);
  else if (finalizer && !held) await setFinalizer(fault, ctx, false);
  if (obstacle) againAt = Math.min(againAt, Date.now() + OBSTACLE_RETRY_MS);
  if (againAt === Number.POSITIVE_INFINITY) return undefined;
  return { requeueAfter: Math.min(Math.max(againAt - Date.now(), 1), LONGEST_MS) };
}

function planRun(fault: NetworkFaultObject, ctx: FaultContext, now: number): Plan {
  const { metadata, spec, status } = fault;
  const nobody = { chosen: [], of: 0, hostNetwork: 0, before: [] };
  const problem = specProblem(spec);
  if (problem) return { ...nobody, problem, due: undefined, over: "Invalid" };
  const created = Date.parse(metadata.creationTimestamp);
  const due = dueRun(spec, { now, created, generation: metadata.generation ?? 0 }, status?.run);
  const same = due.run?.startTime === status?.run?.startTime;
  const before = same ? (status?.pods ?? []) : [];
  const of = same ? (status?.run?.of ?? 0) : 0;
  const deleting = metadata.deletionTimestamp !== undefined;
  if (deleting || due.phase !== "Running")
    return { ...nobody, due, problem, of, before, over: deleting ? "Deleted" : due.phase === "Waiting" ? "Ended" : due.phase };
  const pods = (ctx.list(Pod, { namespace: metadata.namespace }) as readonly PodLike[]).filter(podSelector(spec.selector));
  const choice = choosePods({
    mode: spec.mode,
    value: spec.value,
    candidates: pods.flatMap((pod) => candidate(pod) ?? []),
    before: before.map((entry) => (podOf(entry, fault, ctx) ? entry : { ...entry, state: "Recovered", reason: POD_GONE })),
    of,
    seed: `${metadata.uid}/${due.run?.startTime ?? ""}`,
  });
  const accepted = same ? status?.targets : undefined;
  return { ...choice, due, problem, before, accepted, hostNetwork: pods.filter(onHostNetwork).length, over: "NotChosen" };
}

/** The pod of an entry, where it is still that pod. */
function podOf({ name, uid }: PodEntry, { metadata: { namespace } }: NetworkFaultObject, ctx: FaultContext): PodLike | undefined {
  const pod = ctx.get(Pod, { namespace, name }) as PodLike | undefined;
  return isGone(pod) || pod?.metadata.uid !== uid ? undefined : pod;
}

/** Of the entries that are settled, those that a run must remember or a person wants to see. */
function remembered(plan: Plan, fault: NetworkFaultObject, chosen: ReadonlySet<string>, leaving: readonly PodEntry[] = []): PodEntry[] {
  const settled = plan.before.filter((entry) => !mayHold(entry) && !chosen.has(entry.uid) && !leaving.includes(entry));
  return settled.filter((entry) => keeps(plan, entry, chosen) && !(plan.due?.phase === "Running" && succeeded(plan, entry, fault)));
}

/** A pod that went and whose place another of its name has taken, or that mode `all` need not count. */
function succeeded(plan: Plan, entry: PodEntry, { spec }: NetworkFaultObject): boolean {
  return spec.mode === "all" || plan.chosen.some(({ name }) => name === entry.name);
}

function keeps(plan: Plan, entry: PodEntry, chosen: ReadonlySet<string>): boolean {
  if (mayHold(entry) || chosen.has(entry.uid)) return true;
  return plan.due?.phase === "Running" ? entry.reason === POD_GONE : true;
}

function changed(
  entry: PodEntry,
  outcome: { readonly state: string; readonly reason?: string; readonly message?: string },
  why?: string,
): PodEntry {
  const { name, uid, since, state } = entry;
  const reason = outcome.reason ?? (outcome.state === "Recovered" ? why : undefined);
  return {
    name,
    uid,
    state: outcome.state,
    ...(reason === undefined ? {} : { reason }),
    ...(outcome.message === undefined ? {} : { message: outcome.message }),
    since: state === outcome.state ? since : text(seconds(Date.now())),
  };
}

function surroundings(fault: NetworkFaultObject, ctx: FaultContext): Parameters<typeof prepareBody>[1] {
  return {
    namespace: fault.metadata.namespace,
    pods: (namespace) => ctx.list(Pod, namespace === undefined ? {} : { namespace }) as readonly PodLike[],
    namespaces: () => ctx.list(Namespace) as never,
  };
}

async function setFinalizer(fault: NetworkFaultObject, ctx: FaultContext, there: boolean): Promise<void> {
  const { name, namespace, uid, resourceVersion, finalizers = [] } = fault.metadata;
  const others = finalizers.filter((one) => one !== FINALIZER);
  await ctx.patch(
    NetworkFault,
    { namespace, name },
    { type: "merge", patch: { metadata: { uid, resourceVersion, finalizers: there ? [...others, FINALIZER] : others } } },
  );
}

function sorted(entries: readonly PodEntry[]): PodEntry[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uid < b.uid ? -1 : 1));
}

function seconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}
