import { compareResourceVersions } from "@outrigger/kit/api";

export interface State {
  readonly version: string;
  /** `SEQUENCE` of the state; undefined for a deletion that only its version is known of. */
  readonly sequence: number;
  readonly color: string;
  readonly deleted: boolean;
  /** Milliseconds since 1970, when this process learnt of it. */
  readonly at: number;
}

/** Every state that any object was in, as the writers' answers and an undisturbed watch tell it. */
export class History {
  readonly #objects = new Map<string, Map<string, State>>();
  states = 0;

  /** @param uid of the object; another object of the same name has another. */
  add(uid: string, state: State): void {
    const states = this.#objects.get(uid);
    if (states === undefined) this.#objects.set(uid, new Map([[state.version, state]]));
    else if (states.has(state.version)) return;
    else states.set(state.version, state);
    this.states++;
  }

  at(uid: string, version: string): State | undefined {
    return this.#objects.get(uid)?.get(version);
  }

  /** The last state of an object. */
  last(uid: string): State | undefined {
    let last: State | undefined;
    for (const state of this.#objects.get(uid)?.values() ?? [])
      if (last === undefined || compareResourceVersions(state.version, last.version) > 0) last = state;
    return last;
  }
}
