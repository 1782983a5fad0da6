import type { KubeObject } from "@outrigger/kit/api";
import { Entry, encodeObject, RevisionGoneError, type StoreEvent } from "../store/index.ts";
import type { RegistryParts, Target } from "./context.ts";
import { gone } from "./errors.ts";
import { type ListOptions, parseWatchRevision } from "./list-options.ts";
import { awaitRevision } from "./read.ts";
import { type Selection, select } from "./selection.ts";
import { servedAsStored, tableOf } from "./versions.ts";

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly entry: Entry;
  /** The object in the version asked for, where it does not lie like that in the store. */
  readonly object?: KubeObject;
  /** Frames that other watchers of the same event encoded already; absent where the event is this watcher's own. */
  readonly frames?: Map<string, string>;
}
export interface Bookmark {
  readonly type: "BOOKMARK";
  readonly revision: number;
  readonly initialEventsEnd: boolean;
}
/** Called in order; nothing is awaited. */
export type Deliver = (event: WatchEvent | Bookmark) => void;

export interface Watching {
  stop(): void;
  /** Sends a bookmark of where this watch is, when it may. */
  bookmark(): void;
}

/**
 * Watches what the options select, from the revision they name, after the watch cache of Kubernetes: entering a
 * selection is ADDED, leaving it DELETED with the state before.
 *
 * @throws StatusError before the first event, when the options cannot be met (410 for a version too far back).
 */
export async function watchObjects(
  parts: RegistryParts,
  target: Target,
  options: ListOptions,
  deliver: Deliver,
  signal: AbortSignal,
): Promise<Watching> {
  const { resource } = target;
  const selection = narrowed(select(resource, options.labelSelector, options.fieldSelector), target.name);
  const table = tableOf(parts.store, resource.group, resource.plural);
  const revision = parseWatchRevision(options.resourceVersion);
  const initial = options.sendInitialEvents === true;
  if (initial && revision > 0) await awaitRevision(parts, revision, signal);

  const inOrder = servedAsStored(resource) ? deliver : converting(target, deliver);
  const namespace = target.namespace;
  let position = revision;
  const onEvent = (event: StoreEvent): void => {
    if (event.revision <= position) return;
    position = event.revision;
    if (namespace !== "" && event.entry.namespace !== namespace) return;
    const seen = translate(event, selection);
    if (seen) inOrder(seen);
  };

  const fromNow = initial || options.sendInitialEvents === false;
  if (fromNow) {
    position = parts.store.revision;
    if (initial) {
      for (const entry of table.list({ namespace: namespace || undefined })) {
        if (selection.matches(entry)) inOrder({ type: "ADDED", entry });
      }
      if (options.allowBookmarks) inOrder({ type: "BOOKMARK", revision: position, initialEventsEnd: true });
    } else if (revision > 0) {
      position = revision;
      replay(table.events.since.bind(table.events), revision, onEvent);
    }
  } else {
    replay(table.events.since.bind(table.events), revision, onEvent);
  }
  const stop = table.watch(onEvent);
  return {
    stop,
    bookmark() {
      if (options.allowBookmarks)
        inOrder({ type: "BOOKMARK", revision: Math.max(position, parts.store.revision), initialEventsEnd: false });
    },
  };
}

function replay(since: (revision: number) => StoreEvent[], revision: number, onEvent: (event: StoreEvent) => void): void {
  let events: StoreEvent[];
  try {
    events = since(revision);
  } catch (error) {
    if (error instanceof RevisionGoneError) throw gone(`too old resource version: ${error.requested} (${error.oldest})`);
    throw error;
  }
  for (const event of events) {
    onEvent(event);
    event.frames.clear();
  }
}

function narrowed(selection: Selection, name: string): Selection {
  if (name === "") return selection;
  return { everything: false, name, matches: (entry) => entry.name === name && selection.matches(entry) };
}

function translate(event: StoreEvent, selection: Selection): WatchEvent | undefined {
  const { entry, previous, deleted, frames } = event;
  const before = previous !== undefined && (selection.everything || selection.matches(previous));
  if (deleted) return before ? { type: "DELETED", entry, frames } : undefined;
  const now = selection.everything || selection.matches(entry);
  if (now) return before ? { type: "MODIFIED", entry, frames } : previous ? { type: "ADDED", entry } : { type: "ADDED", entry, frames };
  if (!before) return undefined;
  return { type: "DELETED", entry: restamped(previous, entry.revision) };
}

/** The state before, under the revision of the change that took it out of the selection. */
function restamped(previous: Entry, revision: number): Entry {
  const { object } = previous;
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new Entry(previous.key, revision, encodeObject({ ...object, metadata }));
}

/** Converts each object to the version asked for, keeping the order. */
function converting(target: Target, deliver: Deliver): Deliver {
  let last: Promise<void> = Promise.resolve();
  return (event) => {
    last = last.then(async () => {
      if (event.type === "BOOKMARK") return deliver(event);
      const [object] = await target.resource.strategy.convert([event.entry.copy()], target.resource.version);
      deliver({ type: event.type, entry: event.entry, object: object! });
    });
    last.catch(() => {});
  };
}
