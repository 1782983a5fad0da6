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
  type Leaf,
  markFilter,
  ROOT,
  redirectIngress,
  type Side,
  type Spared,
  STAND_IN,
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
  /** Whether the packet filter can mark packets, so that the kernel ends faults on its own. */
  readonly marks: boolean;
}

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
 * - A tree that somebody damaged is made anew by the next change.
 *
 * Assumes that one agent serves a network namespace, and one change at a time.
 */
export class Device {
  readonly #options: DeviceOptions;
  #tree: Tree = NO_TREE;

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /**
   * Makes the device's tree this one.
   * @param deadline when the change has to be done, or is given up (milliseconds of `performance.now()`)
   * @throws ForeignQdiscError, KernelError, TooLateError; then nothing has changed
   */
  async change(next: Tree, force = false, deadline = Number.POSITIVE_INFINITY): Promise<readonly Command[]> {
    const before = this.#tree;
    const there = await this.#look();
    const anew = !this.#isWhole(there) || duplicatesMeet(before, next);
    if (!force) this.#refuseForeign(there, anew ? { ...before, egress: [] } : before, next);
    const planned = [...(anew ? this.#removal(before) : []), ...this.#steps(anew ? NO_TREE : before, next, force)];
    const ran: Command[] = [];
    const done: Step[] = [];
    for (const step of planned) {
      if (performance.now() >= deadline) {
        await this.#takeBack(done, before, next);
        throw new TooLateError(`the fault's time was over when ${done.length} of ${planned.length} commands were done: give it more`);
      }
      const outcome = await this.#options
        .run(step.command)
        .catch((error: Error): Outcome => ({ code: 127, stdout: "", stderr: error.message }));
      if (outcome.code !== 0 && !step.mayFail) {
        // A part of it may have been done.
        await this.#takeBack(step.command.parts ? [...done, step] : done, before, next);
        throw new KernelError(explain(step.command, outcome));
      }
      done.push(step);
      if (outcome.code === 0) ran.push(...(step.command.parts ?? [step.command]));
    }
    this.#tree = next;
    return ran;
  }

  /** Undoes steps, the last first; where one cannot be undone, makes the tree of before anew. */
  async #takeBack(done: readonly Step[], before: Tree, next: Tree): Promise<void> {
    const { name, run, marks } = this.#options;
    const runAll = async (commands: readonly Command[]): Promise<boolean> => {
      let well = true;
      for (const command of commands)
        well =
          (await run(command).then(
            ({ code }) => code === 0,
            () => false,
          )) && well;
      return well;
    };
    if (!done.some(({ undo }) => undo === "rebuild")) {
      for (const { undo } of done.toReversed()) if (undo !== "rebuild") await runAll(undo);
      return;
    }
    const undo = undoCommands(name, { ingress: before.ingress.length + next.ingress.length > 0, marks });
    await runAll(undo);
    if (await runAll(this.#steps(NO_TREE, before, false).map(({ command }) => command))) return;
    // Rather no fault than half of one; the next change begins from nothing.
    await runAll(undo);
    this.#tree = NO_TREE;
  }

  /** Takes away whatever an agent left on the device. */
  async clear(): Promise<void> {
    const { name, run, marks } = this.#options;
    const runAll = async (commands: readonly Command[]): Promise<void> => {
      for (const command of commands) await run(command).catch(() => undefined);
    };
    const ingress = async (): Promise<void> => {
      // An ingress discipline alone may be somebody else's.
      const stoodIn = await run({ argv: ["ip", "link", "show", "dev", STAND_IN] }).catch(() => undefined);
      if (stoodIn?.code === 0) await runAll(deleteIngress(name));
    };
    // At once, for an agent that starts has others wait for it.
    await Promise.all([ingress(), runAll([deleteRoot(name)]), ...(marks ? [runAll([deleteMarks()])] : [])]);
    this.#tree = NO_TREE;
  }

  /** What the kernel says is there now, word for word. */
  async actual(): Promise<Readonly<Record<string, string>>> {
    const { name, marks } = this.#options;
    const look = async (...argv: string[]): Promise<string> =>
      (await this.#options.run({ argv }).catch(() => undefined))?.stdout.trim() ?? "";
    const stood = this.#tree.ingress.length > 0;
    return {
      qdisc: await look("tc", "-s", "qdisc", "show", "dev", name),
      filter: await look("tc", "filter", "show", "dev", name),
      ...(stood && {
        ingressQdisc: await look("tc", "-s", "qdisc", "show", "dev", STAND_IN),
        ingressFilter: await look("tc", "filter", "show", "dev", STAND_IN),
      }),
      ...(marks && this.#tree.egress.length > 0 && { nft: await look("nft", "list", "table", "inet", TABLE) }),
    };
  }

  /** The queueing disciplines of the device, and of its stand-in where there is to be one. @throws KernelError */
  async #look(): Promise<readonly Qdisc[]> {
    const { name, run } = this.#options;
    const devices = this.#tree.ingress.length > 0 ? [name, STAND_IN] : [name];
    const lists = await Promise.all(
      devices.map(async (device) => {
        const command = { argv: ["tc", "qdisc", "show", "dev", device] };
        const outcome = await run(command).catch((error: Error): Outcome => ({ code: 127, stdout: "", stderr: error.message }));
        if (outcome.code !== 0 && device === name) throw new KernelError(explain(command, outcome));
        return outcome.stdout.split("\n").map((line) => {
          const [, kind = "", handle = "", where = ""] = /^qdisc (\S+) (\S+) (?:dev \S+ )?(root|ingress|parent \S+)/.exec(line) ?? [];
          return { device, kind, handle, where };
        });
      }),
    );
    return lists.flat();
  }

  /** Whether everything of the tree is there still. */
  #isWhole(there: readonly Qdisc[]): boolean {
    const { egress, ingress } = this.#tree;
    const { name } = this.#options;
    const has = (device: string, wanted: string): boolean => there.some((one) => one.device === device && one.handle === wanted);
    const stands = (device: string, leaves: readonly Leaf[]): boolean =>
      leaves.length === 0 || [ROOT, ...leaves.flatMap(handlesOf)].every((handle) => has(device, handle));
    return stands(name, egress) && stands(STAND_IN, ingress) && (ingress.length === 0 || has(name, "ffff:"));
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
  #removal({ ingress }: Tree): Step[] {
    const { name, marks } = this.#options;
    const commands = undoCommands(name, { ingress: ingress.length > 0, marks });
    return commands.map((command) => ({ command, undo: "rebuild", mayFail: true }));
  }

  #steps(before: Tree, next: Tree, force: boolean): Step[] {
    const { name, marks, spared } = this.#options;
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
          undo: index === 0 ? [deleteIngress(name)[1]!] : index === 2 ? [deleteIngress(name)[0]!] : [],
        })),
      );
    }
    all.push(...egress.before, ...ingress.before);
    if (marks) {
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
    return side === "egress" && this.#options.marks ? markFilter(device, leaf) : headerFilters(device, side, leaf);
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

/** What takes away what an agent made on a device; each may find nothing to do. */
export function undoCommands(device: string, made: { readonly ingress: boolean; readonly marks: boolean }): Command[] {
  return [deleteRoot(device), ...(made.ingress ? deleteIngress(device) : []), ...(made.marks ? [deleteMarks()] : [])];
}
