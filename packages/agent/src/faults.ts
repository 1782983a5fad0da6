import { EFFECTS, type Fault, overlaps, parseFault, sameDirection, selectionKey } from "./fault/index.ts";
import {
  type Command,
  type Device,
  type Effects,
  FIRST_BAND,
  ForeignQdiscError,
  LAST_BAND,
  nextInstance,
  type TimedLeaf,
  TooLateError,
  type Tree,
} from "./kernel/index.ts";
import type { StateFolder, StoredFault, Undo } from "./store/index.ts";

/** A fault that is in force. */
export interface ActiveFault extends StoredFault {
  readonly fault: Fault;
}

/** A fault that does not go with one that is there; `other` is its name. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
  readonly code = "ERR_CONFLICT";
  readonly other: string | undefined;
  constructor(message: string, other?: string) {
    super(message);
    this.other = other;
  }
}

export interface FaultsOptions {
  readonly device: Device;
  readonly state: StateFolder;
  /** Told what happens without being asked for. */
  readonly log?: (line: string) => void;
}

const MAX_FAULTS = 64;
/** Setting a longer timer than this would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The faults of one agent.
 *
 * Guarantees
 * - What is wanted and how it is undone is on disk before the kernel hears of it.
 * - One change at a time; one that fails leaves everything as it was.
 * - Each fault ends at its time, at the latest when the watchdog or the kernel ends it. One whose time is over before it is
 *   in force never is.
 */
export class Faults {
  readonly #options: FaultsOptions;
  #active: ReadonlyMap<string, ActiveFault> = new Map();
  #bands = new Map<string, TimedLeaf>();
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #retryMs = 0;
  changes = 0;
  failures = 0;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  get active(): readonly ActiveFault[] {
    return [...this.#active.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): ActiveFault | undefined {
    return this.#active.get(name);
  }

  /**
   * Takes away what an agent before this one left, and puts in force again what has not ended.
   * @throws KernelError where the device could not be cleaned
   */
  restore(): Promise<void> {
    return this.#inTurn(async () => {
      const now = performance.now();
      const faults = this.#options.state.read().flatMap((stored): ActiveFault[] => {
        const { fault } = parseFault(stored.spec);
        if (fault === undefined) return [];
        // Never longer than it was to be, though the clock was set or the file is spoiled.
        const endsAt = Math.min(stored.endsAt, now + fault.ttlMs);
        return [{ ...stored, fault, endsAt, until: Date.now() + endsAt - now }];
      });
      // From here on the watchdog leaves what is there to this agent.
      this.#tellStateError(() => this.#options.state.takeUndoOver());
      await this.#again(faults);
    });
  }

  /** Begins from a clean device. @throws KernelError where it could not be cleaned; then nothing has changed */
  async #again(faults: readonly ActiveFault[]): Promise<void> {
    await this.#options.device.clear();
    [this.#active, this.#bands] = [new Map(), new Map()];
    const now = performance.now();
    const wanted = new Map(faults.filter(({ endsAt }) => endsAt > now).map((one) => [one.name, one]));
    await this.#become(wanted, false).catch(async (error: Error) => {
      // Without the one whose time is over.
      if (error instanceof TooLateError) return this.#again(faults);
      this.#options.log?.(`faults of before could not be put in force again, and are given up: ${error.message}`);
      await this.#become(new Map(), false);
    });
  }

  /** @returns the commands that were run @throws ConflictError, ForeignQdiscError, KernelError, StateError */
  put(name: string, spec: unknown, fault: Fault, force = false): Promise<readonly Command[]> {
    return this.#inTurn(() => {
      if (!this.#active.has(name) && this.#active.size >= MAX_FAULTS) throw new ConflictError(`there are ${MAX_FAULTS} faults already`);
      const [until, endsAt] = [Date.now() + fault.ttlMs, performance.now() + fault.ttlMs];
      return this.#become(new Map(this.#active).set(name, { name, spec, fault, until, endsAt }), force);
    });
  }

  /** The command that gives the packets of a fault what is done to them; `undefined` where it does not act on egress. */
  command(name: string): Command | undefined {
    const fault = this.#active.get(name)?.fault;
    const leaf = fault && this.#bands.get(`egress ${selectionKey(fault.selection)}`);
    return leaf && this.#options.device.setting(leaf);
  }

  /** Does nothing where there is none of this name. @throws KernelError, StateError */
  remove(name: string): Promise<readonly Command[]> {
    return this.#inTurn(async () => {
      const next = new Map(this.#active);
      if (!next.delete(name)) return [];
      return this.#become(next, false).catch(async (error: Error) => {
        if (!(error instanceof ForeignQdiscError)) throw error;
        // Somebody took the place of all of them.
        this.#options.log?.(`${error.message}; taking all away and putting back what can be`);
        await this.#again([...next.values()]);
        return [];
      });
    });
  }

  /** @throws KernelError, StateError */
  removeAll(): Promise<readonly Command[]> {
    return this.#inTurn(() => this.#become(new Map(), false));
  }

  /** Ends everything, whatever it takes. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.removeAll().catch(() => this.#options.device.clear());
    clearTimeout(this.#timer);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #become(next: ReadonlyMap<string, ActiveFault>, force: boolean): Promise<readonly Command[]> {
    const { device, state } = this.#options;
    const { tree, bands } = this.#plan(next);
    const before = this.#active;
    // Until the kernel has done it, what was in force is to be undone as well, and in time.
    const [meanwhile, afterwards] = [this.#undo(before, next), this.#undo(next)];
    this.#store(next, meanwhile);
    // A fault that is in force already ends when its turn comes.
    const added = [...next].filter(([name, one]) => before.get(name) !== one).map(([, { endsAt }]) => endsAt);
    let commands: readonly Command[];
    try {
      commands = await device.change(tree, force, Math.min(...added));
    } catch (error) {
      this.failures++;
      // Where it could not be taken back all of it is to go, whoever comes to it first.
      const owed = device.isUnsure && meanwhile ? { ...meanwhile, endsAt: performance.now() } : this.#undo(before);
      this.#tellStateError(() => state.write([...before.values()], owed));
      this.#schedule();
      throw error;
    }
    this.changes++;
    this.#active = next;
    this.#bands = bands;
    if (JSON.stringify(afterwards) !== JSON.stringify(meanwhile)) this.#tellStateError(() => state.writeUndo(afterwards));
    this.#schedule();
    return commands;
  }

  /**
   * Writes what is wanted before it is done. A change that only removes faults goes on where nothing can be written, such as on a full
   * disk: the undo on disk is that of more faults, so it ends them early at worst, and the stored faults are deleted, so an agent that
   * comes after this one puts none of the removed ones in force.
   */
  #store(next: ReadonlyMap<string, ActiveFault>, undo: Undo | undefined): void {
    const { state, log } = this.#options;
    try {
      state.write([...next.values()], undo);
    } catch (error) {
      if ([...next].some(([name, one]) => this.#active.get(name) !== one)) throw error;
      log?.(`${(error as Error).message}; faults are removed all the same, and others end early if the agent does`);
      this.#tellStateError(() => state.forget());
    }
  }

  /** How all of these are undone, when the first of them ends. */
  #undo(...trees: readonly ReadonlyMap<string, ActiveFault>[]): Undo | undefined {
    const all = trees.flatMap((faults) => [...faults.values()]);
    if (all.length === 0) return undefined;
    const ingress = all.some(({ fault }) => fault.direction !== "egress");
    return { endsAt: Math.min(...all.map(({ endsAt }) => endsAt)), traces: this.#options.device.traces(ingress) };
  }

  /** What the folder holds then ends all faults too early rather than one too late. */
  #tellStateError(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#options.log?.(`${(error as Error).message}; the watchdog may end faults early`);
    }
  }

  /** Faults of the same packets share a band; a band keeps its place as long as one of them is there. */
  #plan(faults: ReadonlyMap<string, ActiveFault>): { readonly tree: Tree; readonly bands: Map<string, TimedLeaf> } {
    const groups = new Map<string, ActiveFault[]>();
    for (const one of faults.values()) {
      const key = selectionKey(one.fault.selection);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    refuseConflicts([...faults.values()]);
    const bands = new Map<string, TimedLeaf>();
    const tree: { egress: TimedLeaf[]; ingress: TimedLeaf[] } = { egress: [], ingress: [] };
    for (const side of ["egress", "ingress"] as const) {
      for (const [key, members] of groups) {
        const acting = members.filter(({ fault }) => fault.direction === side || fault.direction === "both");
        const [leader] = acting;
        if (leader === undefined) continue;
        const effects = together(acting);
        const known = this.#bands.get(`${side} ${key}`);
        const band = known?.band ?? this.#freeBand(side, groups, bands);
        const leaf: TimedLeaf = {
          band,
          selection: leader.fault.selection,
          effects,
          instance: known ? nextInstance(known, effects) : 0,
          // All of them end early rather than one of them late.
          endsAt: Math.min(...acting.map(({ endsAt }) => endsAt)),
        };
        bands.set(`${side} ${key}`, leaf);
        tree[side].push(leaf);
      }
    }
    return { tree, bands };
  }

  #freeBand(side: string, groups: ReadonlyMap<string, unknown>, bands: ReadonlyMap<string, TimedLeaf>): number {
    const taken = new Set<number>();
    for (const [key, { band }] of [...this.#bands, ...bands])
      if (key.startsWith(`${side} `) && groups.has(key.slice(side.length + 1))) taken.add(band);
    // A band that is being left is free only after the change.
    for (const [key, { band }] of this.#bands) if (key.startsWith(`${side} `)) taken.add(band);
    for (let band = FIRST_BAND; band <= LAST_BAND; band++) if (!taken.has(band)) return band;
    throw new ConflictError(
      `faults of ${LAST_BAND - FIRST_BAND + 1} different groups of packets are in force already: the kernel's tree has no room for more`,
    );
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = this.#options.device.isUnsure ? 0 : Math.min(...[...this.#active.values()].map(({ endsAt }) => endsAt));
    if (!Number.isFinite(next)) return;
    const wait = Math.max(0, next - performance.now(), this.#retryMs);
    this.#timer = setTimeout(() => void this.#end(), Math.min(wait, LONGEST_TIMER_MS));
  }

  async #end(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const now = performance.now();
        const remaining = new Map([...this.#active].filter(([, { endsAt }]) => endsAt > now));
        if (this.#options.device.isUnsure) return this.#again([...remaining.values()]);
        if (remaining.size === this.#active.size) return this.#schedule();
        await this.#become(remaining, false).catch((error: Error) => {
          // The watchdog may have been quicker, or somebody else's hand: begin from a clean device.
          this.#options.log?.(`a fault could not be ended as planned: ${error.message}; taking all away and putting back what is left`);
          return this.#again([...remaining.values()]);
        });
      });
      this.#retryMs = 0;
    } catch (error) {
      this.#options.log?.(`faults could not be ended: ${(error as Error).message}; trying again`);
      this.#retryMs = 200;
      this.#schedule();
    }
  }
}

function together(faults: readonly ActiveFault[]): Effects {
  const effects: Record<string, unknown> = {};
  for (const { fault } of faults) for (const effect of EFFECTS) if (fault[effect] !== undefined) effects[effect] = fault[effect];
  return effects as Effects;
}

/** A packet enters one band only: faults that share some packets, but not all, cannot both be done. */
function refuseConflicts(faults: readonly ActiveFault[]): void {
  for (const [index, one] of faults.entries()) {
    for (const other of faults.slice(0, index)) {
      if (!sameDirection(one.fault.direction, other.fault.direction)) continue;
      if (selectionKey(one.fault.selection) !== selectionKey(other.fault.selection)) {
        if (overlaps(one.fault.selection, other.fault.selection))
          throw new ConflictError(
            `${one.name} has targets in common with fault ${other.name}: give both the same targets, or targets that do not meet`,
            other.name,
          );
        // Newer kernels allow no netem beside one that duplicates.
        if (one.fault.duplicate || other.fault.duplicate)
          throw new ConflictError(
            `${one.name} and fault ${other.name} act on different packets of one direction, and one of them duplicates: the kernel allows no other beside it`,
            other.name,
          );
        continue;
      }
      const twice = EFFECTS.find((effect) => one.fault[effect] !== undefined && other.fault[effect] !== undefined);
      if (twice) throw new ConflictError(`${one.name} and fault ${other.name} both say ${twice} for the same targets`, other.name);
      if (one.fault.direction !== other.fault.direction && (one.fault.reorder || other.fault.reorder))
        throw new ConflictError(
          `${one.name} and fault ${other.name} act on the same targets in different directions, which reorder does not allow`,
          other.name,
        );
    }
  }
}
