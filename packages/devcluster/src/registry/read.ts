import type { KubeObject } from "@outrigger/kit/api";
import { type Entry, RevisionGoneError } from "../store/index.ts";
import type { RegistryParts, Target } from "./context.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { badRequest, gone, notFound, tooLargeResourceVersion } from "./errors.ts";
import { type ListOptions, parseRevision } from "./list-options.ts";
import { select } from "./selection.ts";
import { readCopy, servedAsStored, tableOf } from "./versions.ts";

/** One object as it is served: the entry itself, or a converted copy. */
export type Served = { readonly entry: Entry; readonly object?: undefined } | { readonly entry?: undefined; readonly object: KubeObject };

/** How long a reader waits for a revision that is yet to come: `blockTimeout` of the watch cache. */
const futureWaitMs = 3000;

/** Waits until the store has reached `revision`. @throws StatusError 504 after 3 s. */
export async function awaitRevision(parts: RegistryParts, revision: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + futureWaitMs;
  while (revision > parts.store.revision) {
    if (Date.now() >= deadline || signal.aborted) throw tooLargeResourceVersion(revision, parts.store.revision);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function getObject(parts: RegistryParts, target: Target, resourceVersion: string, signal: AbortSignal): Promise<Served> {
  const { resource, namespace, name } = target;
  if (resourceVersion !== "") await awaitRevision(parts, parseRevision(resourceVersion), signal);
  const entry = tableOf(parts.store, resource.group, resource.plural).get(namespace, name);
  if (!entry) throw notFound(resource, name);
  return servedAsStored(resource) ? { entry } : { object: await readCopy(resource, entry) };
}

export interface Page {
  readonly revision: number;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  readonly items: readonly Served[];
}

/** @throws StatusError with Kubernetes' refusals of impossible versions and tokens. */
export async function listObjects(parts: RegistryParts, target: Target, options: ListOptions, signal: AbortSignal): Promise<Page> {
  const { resource } = target;
  const selection = select(resource, options.labelSelector, options.fieldSelector);
  const table = tableOf(parts.store, resource.group, resource.plural);
  const revision = parseRevision(options.resourceVersion);
  let after: string | undefined;
  let at: number | undefined;
  if (options.continue !== "") {
    const position = decodeContinue(options.continue);
    if (revision !== 0) throw badRequest("specifying resource version is not allowed when using continue");
    after = position.after;
    if (position.revision > 0) at = position.revision;
  } else if (revision > 0) {
    await awaitRevision(parts, revision, signal);
    // A limit without a match means the exact revision, as in Kubernetes.
    if (options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0)) at = revision;
  }
  const namespace = target.namespace || undefined;
  let found: Entry[];
  try {
    found = at === undefined || at >= parts.store.revision ? table.list({ namespace, after }) : table.list({ namespace, after, at });
  } catch (error) {
    if (!(error instanceof RevisionGoneError)) throw error;
    throw expired(options, after, at ?? 0);
  }
  if (target.name) found = found.filter((entry) => entry.name === target.name);
  // The watch cache answers a list at any version whole, whatever its limit.
  const limit = revision === 0 && options.resourceVersion === "0" && options.continue === "" ? 0 : options.limit;
  const page = cut(found, selection, limit);
  const shownAt = at ?? parts.store.revision;
  const items: Served[] = servedAsStored(resource)
    ? page.entries.map((entry) => ({ entry }))
    : (await convertAll(target, page.entries)).map((object) => ({ object }));
  return {
    revision: shownAt,
    items,
    ...(page.last === undefined ? {} : { continue: encodeContinue({ revision: shownAt, after: page.last }) }),
    ...(page.last !== undefined && selection.everything ? { remainingItemCount: page.remaining } : {}),
  };
}

async function convertAll(target: Target, entries: readonly Entry[]): Promise<KubeObject[]> {
  if (entries.length === 0) return [];
  return target.resource.strategy.convert(
    entries.map((entry) => entry.copy()),
    target.resource.version,
  );
}

interface Cut {
  readonly entries: Entry[];
  /** Key of the last entry of the page, when more are to come. */
  readonly last?: string;
  readonly remaining: number;
}

function cut(
  found: readonly Entry[],
  { everything, matches }: { everything: boolean; matches(entry: Entry): boolean },
  limit: number,
): Cut {
  const entries: Entry[] = [];
  for (const [index, entry] of found.entries()) {
    if (!everything && !matches(entry)) continue;
    entries.push(entry);
    const remaining = found.length - index - 1;
    if (limit > 0 && entries.length === limit && remaining > 0) return { entries, last: entry.key, remaining };
  }
  return { entries, remaining: 0 };
}

/** The token's revision is gone: 410, with a token that goes on in the present. */
function expired(options: ListOptions, after: string | undefined, at: number): Error {
  if (options.continue === "" || after === undefined) return gone(`The resourceVersion for the provided list is too old.`);
  void at;
  return gone(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    { continue: encodeContinue({ revision: -1, after }) },
  );
}
