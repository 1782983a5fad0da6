import { createHash } from "node:crypto";
import { type Duration, type KubeObject, parseDuration } from "@outrigger/kit/api";
import { type Client, connect, ExpiredError, loadKubeconfig, NotFoundError } from "@outrigger/kit/client";
import { LongTimer } from "@outrigger/kit/queue";
import { NetworkFault, type NetworkFaultObject } from "@outrigger/operator";
import { stringify } from "yaml";
import { CliError } from "./errors.ts";
import { giveAgents } from "./fault-ephemeral.ts";
import { type FaultSetOptions, faultSpec } from "./fault-spec.ts";
import { faultLine, faultTable, podTable } from "./fault-table.ts";
import { type ClusterOptions, kubeconfigOptions } from "./kubeconfig.ts";

interface InNamespace extends ClusterOptions {
  readonly namespace?: string;
}
type Output = "table" | "json" | "yaml";
export interface SetOptions extends InNamespace, FaultSetOptions {
  readonly ephemeral?: boolean;
  readonly agentImage: string;
  readonly wait: boolean;
  readonly timeout: string;
  readonly dryRun?: boolean;
  readonly output: Output;
}
export interface FaultListOptions extends InNamespace {
  readonly allNamespaces?: boolean;
  readonly watch?: boolean;
  readonly output: Output;
}
export interface ClearOptions extends InNamespace {
  readonly all?: boolean;
  readonly wait: boolean;
  readonly timeout: string;
}

/**
 * `outrigger fault set FAULT…`: applies a NetworkFault and waits until the pods have it. One that is over starts again,
 * though its spec be the same; one that is under way goes on.
 *
 * @throws CliError when the words cannot be read, the cluster knows no NetworkFault, or not all pods have it in time or before it ends.
 */
export async function setFault(words: readonly string[], options: SetOptions): Promise<void> {
  const timeoutMs = duration("--timeout", options.timeout);
  const spec = await faultSpec(words, options);
  const name = options.name ?? nameOf(words, spec);
  const { apiVersion, kind } = NetworkFault;
  if (options.dryRun) {
    const metadata = { name, ...(options.namespace ? { namespace: options.namespace } : {}) };
    return print({ apiVersion, kind, metadata, spec }, options.output === "table" ? "yaml" : options.output);
  }
  await inCluster(options, async (client, namespace) => {
    const desired = { apiVersion, kind, metadata: { name, namespace }, spec } as const;
    let asked = await client.apply(NetworkFault, desired, { fieldManager: "outrigger", force: true });
    if (isOver(asked)) asked = await startAgain(client, asked);
    if (!options.wait) return options.output === "table" ? console.log(`networkfault/${name} set`) : print(asked, options.output);

    const deadline = performance.now() + timeoutMs;
    const runBefore = asked.status?.run?.startTime;
    let given = false;
    let underWay: NetworkFaultObject | undefined;
    const watched = async (fault: NetworkFaultObject): Promise<boolean> => {
      if (!isCurrent(fault, asked)) return false;
      const { state, pods = [], run } = fault.status ?? {};
      // It was under way when we asked, and ended before its pods had what we asked for.
      if (state === "Ended" && run?.startTime === runBefore) {
        asked = await startAgain(client, fault);
        return false;
      }
      if (state !== "Ended") underWay = fault;
      const without = pods.filter(({ state: now, reason }) => now === "Failed" && reason === "Unreachable").map((pod) => pod.name);
      if (options.ephemeral && without.length > 0 && !given && !pods.some((pod) => pod.state === "Pending")) {
        given = true;
        await giveAgents(client, namespace, without, { image: options.agentImage, port: options.agentPort ?? 2332 });
        return false;
      }
      return state === "Applied" || state === "Invalid" || state === "Waiting" || state === "Paused" || state === "Ended";
    };
    // From what was applied on, so that a short run is seen however late we look.
    const last = await follow(client, { namespace, name }, deadline, watched, asked);
    if (options.output !== "table") print(last ?? asked, options.output);
    else if (last && isCurrent(last, asked)) console.log(`${faultLine(last)}${last.status?.pods?.length ? `\n${podTable(last)}` : ""}`);
    throwUnlessDone(name, last && isCurrent(last, asked) ? last : undefined, underWay, options.timeout);
  });
}

/** `outrigger fault list [NAME]`. */
export async function listFaults(name: string | undefined, options: FaultListOptions): Promise<void> {
  await inCluster(options, async (client, namespace) => {
    const one = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
    const where = { ...(options.allNamespaces ? {} : { namespace }), ...one };
    const { items, resourceVersion } = await client.list(NetworkFault, where);
    if (name !== undefined && items.length === 0 && !options.watch)
      throw new CliError(`there is no NetworkFault ${name} in namespace ${namespace}: -n says another namespace`);
    if (options.output !== "table") print(name === undefined ? items : items[0], options.output);
    else if (name !== undefined && items[0]) console.log(`${faultLine(items[0])}\n${podTable(items[0])}`);
    else if (items.length > 0 || !options.watch)
      console.log(
        items.length === 0
          ? `no network faults in ${options.allNamespaces ? "any namespace" : `namespace ${namespace}`}`
          : faultTable(items, options.allNamespaces ?? false),
      );
    if (!options.watch) return;
    const shown = new Map(items.map((item) => [item.metadata.uid, faultLine(item)]));
    for await (const event of client.watch(NetworkFault, { ...where, resourceVersion })) {
      if (event.type === "BOOKMARK") continue;
      const { metadata } = event.object;
      const line = event.type === "DELETED" ? `${event.object.metadata.name}: deleted` : faultLine(event.object);
      if (shown.get(metadata.uid) === line) continue;
      shown.set(metadata.uid, line);
      if (options.output === "table") console.log(`${options.allNamespaces ? `${metadata.namespace}/` : ""}${line}`);
      else print(event.object, options.output);
    }
  });
}

/**
 * `outrigger fault clear NAME…`: deletes faults and waits until they are off their pods.
 *
 * @throws CliError when there is none of that name, or an agent keeps one longer than the time limit.
 */
export async function clearFaults(names: readonly string[], options: ClearOptions): Promise<void> {
  const timeoutMs = duration("--timeout", options.timeout);
  if (names.length === 0 && !options.all) throw new CliError("say which faults: NAME…, or --all of the namespace", { exitCode: 2 });
  await inCluster(options, async (client, namespace) => {
    const chosen = options.all ? (await client.list(NetworkFault, { namespace })).items.map(({ metadata }) => metadata.name) : names;
    if (chosen.length === 0) console.log(`no network faults in namespace ${namespace}`);
    await Promise.all(
      chosen.map(async (name) => {
        const key = { namespace, name };
        await client.delete(NetworkFault, key).catch((error: unknown) => {
          if (error instanceof NotFoundError && error.status.details?.name === name && error.status.details.uid === undefined)
            throw new CliError(`there is no NetworkFault ${name} in namespace ${namespace}: outrigger fault list shows what is there`);
          throw error;
        });
        if (!options.wait) return console.log(`networkfault/${name} is being cleared`);
        const left = await follow(client, key, performance.now() + timeoutMs, async () => false);
        if (left) throw new CliError(`networkfault/${name} is not off all pods after ${options.timeout}: ${whyNot(left)}`);
        console.log(`networkfault/${name} cleared`);
      }),
    );
  });
}

async function inCluster(options: InNamespace, run: (client: Client, namespace: string) => Promise<void>): Promise<void> {
  const access = loadKubeconfig(kubeconfigOptions(options));
  const client = connect(access);
  try {
    await run(client, options.namespace ?? access.namespace);
  } catch (error) {
    // The API server has no such resource at all: that 404 names no object.
    if (error instanceof NotFoundError && !error.status.details?.name)
      throw new CliError("this cluster has no NetworkFaults: start the manager first, which brings them (outrigger run)", { cause: error });
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * The object as it changes, until `done` or the deadline; its last state, or undefined when it went.
 *
 * @param from the first state to look at; the one that it is in where it is left out
 */
async function follow(
  client: Client,
  key: { readonly namespace: string; readonly name: string },
  deadline: number,
  done: (fault: NetworkFaultObject) => Promise<boolean>,
  from?: NetworkFaultObject,
): Promise<NetworkFaultObject | undefined> {
  const late = new AbortController();
  const timer = new LongTimer(() => late.abort(), Math.max(deadline - performance.now(), 0));
  const where = { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}`, signal: late.signal };
  let last = from;
  let resourceVersion = from?.metadata.resourceVersion;
  try {
    for (;;) {
      if (resourceVersion === undefined) {
        const list = await client.list(NetworkFault, where);
        ({ resourceVersion } = list);
        last = list.items[0];
      }
      if (!last || (await done(last))) return last;
      try {
        for await (const event of client.watch(NetworkFault, { ...where, resourceVersion })) {
          if (event.type === "BOOKMARK") continue;
          if (event.type === "DELETED") return undefined;
          last = event.object;
          if (await done(last)) return last;
        }
      } catch (error) {
        // The object was not written for so long that the server has forgotten the version.
        if (!(error instanceof ExpiredError)) throw error;
      }
      resourceVersion = undefined;
    }
  } catch (error) {
    if (late.signal.aborted) return last;
    throw error;
  } finally {
    timer.cancel();
  }
}

/** The controller has seen the spec that was applied. */
function isCurrent(fault: NetworkFaultObject, { metadata }: NetworkFaultObject): boolean {
  return (fault.status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** Its only run has ended, and none starts before the spec changes. */
function isOver({ metadata, status }: NetworkFaultObject): boolean {
  return status?.run?.endedGeneration !== undefined && status.run.endedGeneration === metadata.generation;
}

/** Changes the spec and not what it means, which is what starts another run: `paused` is false where it is left out. */
function startAgain(client: Client, { metadata: { namespace, name }, spec }: NetworkFaultObject): Promise<NetworkFaultObject> {
  const patch = { spec: { paused: spec.paused === undefined ? false : null } };
  return client.patch(NetworkFault, { namespace, name }, { type: "merge", patch }, { fieldManager: "outrigger" });
}

/** @param underWay its last state in which its run had not ended */
function throwUnlessDone(
  name: string,
  fault: NetworkFaultObject | undefined,
  underWay: NetworkFaultObject | undefined,
  timeout: string,
): void {
  if (!fault) throw new CliError(`nobody took networkfault/${name} up within ${timeout}: is the manager running?`);
  const { state } = fault.status ?? {};
  if (state === "Applied" || state === "Waiting") return;
  if (state === "Ended") {
    const some = underWay?.status?.pods?.some((pod) => pod.state === "Applied");
    throw new CliError(
      `networkfault/${name} ended ${some ? "before all its pods had it" : "and no pod had it"}${underWay ? `: ${whyNot(underWay)}` : ""}`,
    );
  }
  throw new CliError(`networkfault/${name} is ${state} after ${timeout}: ${whyNot(fault)}`);
}

function whyNot({ status }: NetworkFaultObject): string {
  const found = status?.conditions?.find(({ type }) => type === (status.state === "Invalid" ? "Accepted" : "Applied"));
  return found?.message || (status?.state ?? "nobody has looked at it yet");
}

/** The same fault on the same pods has the same name, so that setting it again changes it. */
function nameOf(words: readonly string[], spec: Parameters<typeof JSON.stringify>[0]): string {
  const first = (words.find((word) => !/^pods?\//.test(word)) ?? "fault").split("=")[0] ?? "fault";
  const { selector } = spec as { selector: object };
  return `${first}-${createHash("sha256").update(JSON.stringify(selector)).digest("hex").slice(0, 6)}`;
}

function print(object: unknown, output: Output): void {
  const plain = Array.isArray(object) ? object.map(withoutManagedFields) : withoutManagedFields(object as KubeObject);
  console.log(output === "json" ? JSON.stringify(plain, null, 2) : stringify(plain).trimEnd());
}

function withoutManagedFields(object: KubeObject): object {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function duration(flag: string, text: Duration): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new CliError(`${flag} ${text}: ${(error as Error).message}`, { exitCode: 2 });
  }
}
