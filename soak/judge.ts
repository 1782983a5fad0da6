import { compareResourceVersions } from "@outrigger/kit/api";
import type { History } from "./history.ts";
import { covers, handlers, plans } from "./informers.ts";
import type { Record, StoreState } from "./protocol.ts";

/** What one handler believes, going by what it was told. */
interface View {
  readonly objects: Map<string, { readonly uid: string; readonly version: string; readonly sequence: number }>;
  /** The last version told of each name, deleted ones too. */
  readonly last: Map<string, string>;
  readonly problems: string[];
  synced: boolean;
  events: number;
}

/** Checks what handlers were told against the history, and at the end against the server. */
export class Judge {
  readonly #history: History;
  readonly views: readonly View[] = handlers.map(() => ({ objects: new Map(), last: new Map(), problems: [], synced: false, events: 0 }));
  /** Records whose state the books did not hold yet: the news may travel faster than the answer to the write. */
  #open: Record[] = [];
  /** Milliseconds from when a state was known here until a handler was told of it. */
  maxLagMs = 0;
  #lags: number[] = [];

  constructor(history: History) {
    this.#history = history;
  }

  take(records: readonly Record[]): void {
    for (const record of records) this.#take(record);
    this.#open.push(...records.filter(([, what]) => what === "add" || what === "update"));
    this.#settle();
  }

  /** Lag that 99 of 100 changes stayed below, milliseconds. */
  get p99LagMs(): number {
    const sorted = this.#lags.sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  }
  get events(): number {
    return this.views.reduce((sum, { events }) => sum + events, 0);
  }

  /** Everything the books will hold is there now. */
  finish(): void {
    this.#settle();
    for (const [handler, what, key, , version] of this.#open)
      this.views[handler]!.problems.push(`${what} ${key}@${version}: no such state was ever written`);
    this.#open = [];
  }

  /** What is wrong with handlers' last words, by handler. @param server `namespace/name` → state by kind's plural. */
  endOf(handler: number, server: ReadonlyMap<string, { readonly version: string; readonly color: string }>): string[] {
    const { plan } = handlers[handler]!;
    const { objects, problems, synced } = this.views[handler]!;
    const wanted = new Map([...server].filter(([key, { color }]) => covers(plan, key.split("/")[0]!, color)));
    const wrong: string[] = [...problems];
    if (!synced) wrong.push("was never told that the first list was over");
    for (const [key, { version }] of wanted)
      if (objects.get(key)?.version !== version) wrong.push(`${key}: believes ${objects.get(key)?.version}, the server has ${version}`);
    for (const key of objects.keys()) if (!wanted.has(key)) wrong.push(`${key}: believes it is there, the server has none`);
    return wrong;
  }

  #take(record: Record): void {
    const [handler, what, key, uid, version, sequence, color, before, stored] = record;
    const view = this.views[handler]!;
    if (what === "synced") {
      view.synced = true;
      return;
    }
    const complain = (problem: string): void =>
      void (view.problems.length < 5 && view.problems.push(`${what} ${key}@${version}: ${problem}`));
    view.events++;
    const believed = view.objects.get(key);
    const last = view.last.get(key);
    // A relist tells of a deletion with the last state that was known.
    if (last !== undefined && compareResourceVersions(version, last) < (what === "delete" ? 0 : 1)) complain(`after ${last}`);
    view.last.set(key, version);
    if (what === "delete") {
      if (believed === undefined) complain("was not there");
      view.objects.delete(key);
      return;
    }
    if (what === "add" && believed !== undefined) complain("was there already");
    if (what === "update" && believed?.version !== before) complain(`came from ${before}, believed ${believed?.version}`);
    if (what === "update" && believed?.uid === uid && believed.sequence > sequence) complain("went back in its writes");
    if (stored !== "" && compareResourceVersions(stored, version) < 0) complain(`the store was still at ${stored}`);
    if (!covers(plans.find((plan) => plan === handlers[handler]!.plan)!, key.split("/")[0]!, color)) complain("is not in the selection");
    view.objects.set(key, { uid, version, sequence });
  }

  /** Each state that was told must be one that the object was in. */
  #settle(): void {
    this.#open = this.#open.filter(([handler, what, key, uid, version, sequence, color, , , at]) => {
      const state = this.#history.at(uid, version);
      // A write that broke off is looked up once the server answers again, which may take long.
      if (state === undefined) return true;
      if (state.sequence !== sequence || state.color !== color)
        this.views[handler]!.problems.push(`${what} ${key}@${version}: is not what was written`);
      if (what === "update") {
        const lag = at - state.at;
        this.maxLagMs = Math.max(this.maxLagMs, lag);
        if (this.#lags.length < 1_000_000) this.#lags.push(lag);
      }
      return false;
    });
  }
}

/** What is wrong with a store. */
export function storeProblems(
  plan: (typeof plans)[number],
  { objects, byColor, synced }: StoreState,
  server: ReadonlyMap<string, { readonly version: string; readonly color: string; readonly sequence: number }>,
): string[] {
  const wrong: string[] = synced ? [] : ["never synced"];
  const wanted = new Map([...server].filter(([key, { color }]) => covers(plan, key.split("/")[0]!, color)));
  for (const [key, { version, sequence }] of wanted)
    if (objects[key] !== `${version} ${sequence}`) wrong.push(`${key}: holds ${objects[key]}, the server has ${version} ${sequence}`);
  for (const key in objects) if (!wanted.has(key)) wrong.push(`${key}: holds what the server has not`);
  for (const color in byColor) {
    const keys = [...wanted]
      .filter(([, object]) => object.color === color)
      .map(([key]) => key)
      .sort();
    if (JSON.stringify(keys) !== JSON.stringify(byColor[color]))
      wrong.push(`index: ${color} has ${byColor[color]!.length}, not ${keys.length}`);
  }
  return wrong;
}
