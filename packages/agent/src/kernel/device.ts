import {
  addIngress,
  addLeaf,
  addRoot,
  type Command,
  changeLeaf,
  changesInPlace,
  deleteIngress,
  deleteLeaf,
  deleteRoot,
  type Filters,
  handlesOf,
  headerFilters,
  INGRESS,
  type Leaf,
  markFilter,
  ROOT,
  ROOT_QUEUE,
  redirectIngress,
  type Side,
  type Spared,
  STAND_IN,
  setLeaf,
  type TimedLeaf,
} from "./commands.ts";
import { deleteMarks, markRules, TABLE } from "./marks.ts";
import { explain, KernelError, type Outcome, type Runner } from "./runner.ts";

/** The leaves of both directions. */
export interface Tree {
  readonly egress: readonly TimedLeaf[];
  readonly ingress: readonly TimedLeaf[];
}
export const NO_TREE: Tree = { egress: [], ingress: [] };

export interface DeviceOptions {
  readonly name: string;
  readonly spared: Spared;
  readonly run: Runner;
  /** Whether the packet filter is to mark packets, so that the kernel ends faults on its own; `clear` finds out if it can. */
  readonly marks: boolean;
}

/** The exit code of what could not be started, as a shell says it. */
const NOT_RUN = 127;

/** A queueing discipline on the device that is not ours. */
export class ForeignQdiscError extends Error {
  override readonly name = "ForeignQdiscError";
  readonly code = "ERR_FOREIGN_QDISC";
}

/** The time of what was to be put in force was over before it was. */
export class TooLateError extends KernelError {}

/**
 * One network device and the tree of faults on it.
 *
 * Guarantees
 * - A change that fails is taken back: the device is as it was before.
 * - Leaves are changed in place; the root is made with the first and deleted with the last.
 * - What is not ours is left alone, unless it was asked for with `force`; what was replaced so is not put back.
 * - A tree of which somebody took disciplines away is made anew by the next change. Filters are not looked at.
 *
 * Assumes that one agent serves a network namespace, and one change at a time.
 */
export class Device {
  readonly #options: DeviceOptions;
  #tree: Tree = NO_TREE;
  #unsure = false;
  #marks: boolean;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#marks = options.marks;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** Whether the packet filter marks packets. */
  get marks(): boolean {
    return this.#marks;
  }

  /** What takes away all that faults made, though nothing but these commands is left; each may find nothing to do. */
  undo(ingress: boolean): Command[] {
    const { name } = this.#options;
    return [deleteRoot(name), ...(ingress ? deleteIngress(name) : []), ...(this.#marks ? [deleteMarks()] : [])];
  }

  /** What `undo` takes away, as data. */
  traces(ingress: boolean): { readonly device: string; readonly ingress: boolean; readonly marks: boolean } {
    return { device: this.#options.name, ingress, marks: this.#marks };
  }

  /** The command that gives a leaf of egress the effects that it has. */
  setting(leaf: Leaf): Command {
    return setLeaf(this.#options.name, leaf);
  }

  /** Whether a change could not be taken back, so that more may be there than is wanted; until `clear`. */
  get isUnsure(): boolean {
    return this.#unsure;
  }

  /**
   * Makes the device's tree this one.
   * @param deadline when the change has to be done, or is given up (milliseconds of `performance.now()`)
   * @throws ForeignQdiscError, KernelError, TooLateError; then nothing has changed
   */
  async change(next: Tree, force = false, deadline = Number.POSITIVE_INFINITY): Promise<readonly Command[]> {
    const before = this.#tree;
    if ([before, next].every(({ egress, ingress }) => egress.length + ingress.length === 0)) return [];
    const there = await this.#look();
    const anew = !this.#agrees(there, before) || duplicatesMeet(before, next);
    if (!force) this.#refuseForeign(there, anew ? { ...before, egress: [] } : before, next);
    const standIn = before.ingress.length > 0 || there.some(({ device }) => device === STAND_IN);
    const planned = [...(anew ? this.#removal(standIn) : []), ...this.#steps(anew ? NO_TREE : before, next, force)];
    const ran: Command[] = [];
    const done: Step[] = [];
    const refuseLate = async (): Promise<void> => {
      if (performance.now() < deadline) return;
      await this.#takeBack(done, before, next);
      throw new TooLateError(`the fault's time was over when ${done.length} of ${planned.length} commands were done: give it more`);
    };
    for (const step of planned) {
      await refuseLate();
      const outcome = await this.#run(step.command);
      if (outcome.code !== 0 && !step.mayFail) {
        // A part of it may have been done.
        await this.#takeBack(step.command.parts ? [...done, step] : done, before, next);
        throw new KernelError(explain(step.command, outcome));
      }
      done.push(step);
      if (outcome.code === 0) ran.push(...(step.command.parts ?? [step.command]));
    }
    await refuseLate();
    this.#tree = next;
    return ran;
  }

  /** Undoes steps, the last first; where one cannot be undone, makes the tree of before anew. */
  async #takeBack(done: readonly Step[], before: Tree, next: Tree): Promise<void> {
    if (done.some(({ undo }) => undo === "rebuild")) {
      await this.#runAll(this.undo(before.ingress.length + next.ingress.length > 0));
      await this.#runAll(this.#steps(NO_TREE, before, false).map(({ command }) => command));
    } else for (const { undo } of done.toReversed()) if (undo !== "rebuild") await this.#runAll(undo);
    const agrees = await this.#look().then(
      (there) => this.#agrees(there, before),
      () => false,
    );
    this.#unsure = !agrees;
  }

  /**
   * Takes away whatever an agent left on the device.
   * @throws KernelError where something is left, or nobody knows
   */
  async clear(): Promise<void> {
    const { name, spared } = this.#options;
    const left = async (): Promise<{ root: boolean; standIn: boolean }> => {
      const there = await this.#look();
      const root = there.some((one) => one.device === name && isOurs(one));
      return { root, standIn: there.some(({ device }) => device === STAND_IN) };
    };
    const disciplines = async (): Promise<void> => {
      const { root, standIn } = await left();
      // An ingress discipline alone may be somebody else's.
      await Promise.all([standIn && this.#runAll(deleteIngress(name)), root && this.#runAll([deleteRoot(name)])]);
      if (!root && !standIn) return;
      const after = await left();
      if (after.root || after.standIn) throw new KernelError(`${name} could not be cleaned of the faults on it`);
    };
    const filters = async (): Promise<void> => {
      if (!this.#marks) return;
      const command = markRules(name, [], spared);
      const outcome = await this.#run(command);
      if (outcome.code === NOT_RUN && !outcome.stderr.includes("ENOENT")) throw new KernelError(explain(command, outcome));
      // Its tool, its part of the kernel, or the permission is missing.
      if (outcome.code !== 0) this.#marks = false;
    };
    // In parallel: start-up latency matters.
    await Promise.all([disciplines(), filters()]);
    this.#tree = NO_TREE;
    this.#unsure = false;
  }

  /** Never rejects. */
  #run(command: Command): Promise<Outcome> {
    return this.#options.run(command).catch((error: Error) => ({ code: NOT_RUN, stdout: "", stderr: error.message }));
  }

  /** One after the other, whatever becomes of each. */
  async #runAll(commands: readonly Command[]): Promise<void> {
    for (const command of commands) await this.#run(command);
  }

  /** What the kernel says is there now, word for word. */
  async actual(): Promise<Readonly<Record<string, string>>> {
    const { name } = this.#options;
    const look = async (...argv: string[]): Promise<string> => (await this.#run({ argv })).stdout.trim();
    const stood = this.#tree.ingress.length > 0;
    return {
      qdisc: await look("tc", "-s", "qdisc", "show", "dev", name),
      filter: await look("tc", "filter", "show", "dev", name),
      ...(stood && {
        ingressQdisc: await look("tc", "-s", "qdisc", "show", "dev", STAND_IN),
        ingressFilter: await look("tc", "filter", "show", "dev", STAND_IN),
      }),
      ...(this.#marks && this.#tree.egress.length > 0 && { nft: await look("nft", "list", "table", "inet", TABLE) }),
    };
  }

  /** The queueing disciplines of the device and of its stand-in. @throws KernelError */
  async #look(): Promise<readonly Qdisc[]> {
    const command = { argv: ["tc", "qdisc", "show"] };
    const outcome = await this.#run(command);
    if (outcome.code !== 0) throw new KernelError(explain(command, outcome));
    const found = outcome.stdout.matchAll(/^qdisc (\S+) (\S+) dev (\S+) (root|ingress|parent \S+)/gm);
    return [...found]
      .map(([, kind = "", handle = "", device = "", where = ""]) => ({ kind, handle, device, where }))
      .filter(({ device }) => device === this.#options.name || device === STAND_IN);
  }

  /** Whether of our disciplines exactly those of this tree are there. */
  #agrees(there: readonly Qdisc[], { egress, ingress }: Tree): boolean {
    const { name } = this.#options;
    const wanted = (device: string, leaves: readonly Leaf[]): string[] =>
      leaves.length === 0 ? [] : [ROOT, ROOT_QUEUE, ...leaves.flatMap(handlesOf)].map((handle) => `${device} ${handle}`);
    const stands = there.some(({ device }) => device === STAND_IN);
    const all = new Set([...wanted(name, egress), ...wanted(STAND_IN, ingress)]);
    const ours = new Set(there.filter(isOurs).map(({ device, handle }) => `${device} ${handle}`));
    const isReached = there.some(({ handle }) => handle === INGRESS);
    return all.symmetricDifference(ours).size === 0 && (ingress.length === 0 ? !stands : isReached);
  }

  /** @throws ForeignQdiscError where something of somebody else stands where a direction's first fault is to be put */
  #refuseForeign(there: readonly Qdisc[], before: Tree, next: Tree): void {
    const { name } = this.#options;
    const isNew = (side: keyof Tree): boolean => before[side].length === 0 && next[side].length > 0;
    // The kernel's own defaults have no handle.
    const foreign = there.find(({ device, handle, where }) => {
      if (device !== name) return false;
      if (where === "root") return isNew("egress") && handle !== "0:" && handle !== ROOT;
      return (where === "ingress" || where === "parent ffff:fff1") && isNew("ingress");
    });
    if (foreign)
      throw new ForeignQdiscError(
        `${name} has a queueing discipline that is not the agent's (${foreign.kind} ${foreign.handle}): take it away, or ask with ?force=true to replace it`,
      );
  }

  /** Takes away all of a tree, of which some may be gone. */
  #removal(ingress: boolean): Step[] {
    return this.undo(ingress).map((command) => ({ command, undo: "rebuild", mayFail: true }));
  }

  #steps(before: Tree, next: Tree, force: boolean): Step[] {
    const { name, spared } = this.#options;
    const egress = this.#side(name, "egress", before.egress, next.egress, force);
    const ingress = this.#side(STAND_IN, "ingress", before.ingress, next.ingress, false);
    const [hadIngress, hasIngress] = [before.ingress.length > 0, next.ingress.length > 0];
    const all: Step[] = [];
    if (hasIngress && !hadIngress) {
      if (force) all.push(...deleteIngress(name).map((command) => ({ command, undo: [], mayFail: true })));
      const added = addIngress(name);
      all.push(
        ...added.map((command, index) => ({
          command,
          undo: [deleteIngress(name)[1 - index]!],
        })),
      );
    }
    all.push(...egress.before, ...ingress.before);
    if (this.#marks) {
      const [from, to] = [markRules(name, before.egress, spared), markRules(name, next.egress, spared)];
      if (next.egress.length > 0 || before.egress.length > 0) all.push({ command: to, undo: [from] });
    }
    if (hasIngress && !hadIngress) all.push({ command: redirectIngress(name), undo: [] });
    if (hadIngress && !hasIngress) {
      all.push(...deleteIngress(name).map((command): Step => ({ command, undo: "rebuild" })));
    } else all.push(...ingress.after);
    all.push(...egress.after);
    return all;
  }

  /** What to do on one side before packets are led to it, and after they are not any more. */
  #side(
    device: string,
    side: Side,
    before: readonly TimedLeaf[],
    next: readonly TimedLeaf[],
    force: boolean,
  ): { before: Step[]; after: Step[] } {
    const { spared } = this.#options;
    const [first, after]: [Step[], Step[]] = [[], []];
    if (before.length === 0 && next.length > 0) {
      if (force) first.push({ command: { argv: ["tc", "qdisc", "del", "dev", device, "root"] }, undo: [], mayFail: true });
      first.push(...steps(addRoot(device, side, spared), [deleteRoot(device)]));
    }
    const old = new Map(before.map((leaf) => [leaf.band, leaf]));
    for (const leaf of next) {
      const from = old.get(leaf.band);
      old.delete(leaf.band);
      const filters = this.#filters(device, side, leaf);
      if (from === undefined) {
        // With a root that is new the leaf goes as well.
        first.push(...steps(addLeaf(device, leaf, filters), before.length === 0 ? [] : deleteLeaf(device, leaf, filters)));
      } else if (!sameEffects(from, leaf)) {
        first.push(...steps(changeLeaf(device, from, leaf), changeLeaf(device, leaf, from)));
      }
    }
    if (next.length === 0 && before.length > 0) after.push({ command: deleteRoot(device), undo: "rebuild" });
    else
      for (const leaf of old.values()) {
        const commands = deleteLeaf(device, leaf, this.#filters(device, side, leaf));
        after.push(...commands.map((command, index, all): Step => ({ command, undo: "rebuild", mayFail: index < all.length - 1 })));
      }
    return { before: first, after };
  }

  #filters(device: string, side: Side, leaf: Leaf): Filters {
    return side === "egress" && this.#marks ? markFilter(device, leaf) : headerFilters(device, side, leaf);
  }
}

/** Commands that are undone together: what was done first takes all of it along. */
function steps(commands: readonly Command[], undo: readonly Command[]): Step[] {
  return commands.map((command, index) => ({ command, undo: index === 0 ? undo : [] }));
}

interface Step {
  readonly command: Command;
  /** Takes it back, with all that follows from it. */
  readonly undo: readonly Command[] | "rebuild";
  readonly mayFail?: boolean;
}

/** Whether it has a handle of our own choice; the stand-in has a queue of the kernel's from its beginning. */
function isOurs({ handle }: Qdisc): boolean {
  return /^7a[\da-f]{2}:$/.test(handle);
}

/** A line of `tc qdisc show`. */
interface Qdisc {
  readonly device: string;
  readonly kind: string;
  readonly handle: string;
  readonly where: string;
}

/**
 * Whether, on the way from one tree to the other, a leaf that duplicates stands beside another: kernels allow no other netem
 * on the device then.
 */
function duplicatesMeet(before: Tree, next: Tree): boolean {
  return (["egress", "ingress"] as const).some((side) => {
    const leaves = [...before[side], ...next[side]];
    return leaves.some(({ effects }) => effects.duplicate) && new Set(leaves.map(({ band }) => band)).size > 1;
  });
}

function sameEffects(a: Leaf, b: Leaf): boolean {
  return a.instance === b.instance && JSON.stringify(a.effects) === JSON.stringify(b.effects);
}

/** Another instance of a leaf where the kernel could not change the one that is there. */
export function nextInstance(from: Leaf, effects: Leaf["effects"]): number {
  return changesInPlace(from.effects, effects) ? from.instance : from.instance + 1;
}
