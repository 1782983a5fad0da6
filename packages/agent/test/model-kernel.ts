import type { Command, Outcome, Runner } from "../src/kernel/index.ts";

interface Qdisc {
  readonly kind: string;
  readonly handle: string;
  /** `root`, `ingress`, or the class it hangs on, such as `7a00:2`. */
  readonly parent: string;
  text: string;
}
interface Filter {
  readonly kind: string;
  readonly parent: string;
  readonly protocol: string;
  readonly chain: string;
  readonly pref: string;
  readonly handle: string;
  readonly text: string;
}
class Refused extends Error {}

/**
 * What the kernel keeps of tc's, ip's and nft's commands, and which of them it refuses: a second `add`, a `change` or
 * `del` of what is not there, another kind under a handle, a filter of a parent or priority that does not fit or that is
 * there already, a netem that duplicates beside another.
 * What packets feel is measured under a real kernel; this tells in microseconds whether a plan of commands holds together.
 */
export class ModelKernel {
  /** Every command, in order. */
  readonly log: Command[] = [];
  /** Counts down with each command that would change something; the one that finds 0 fails. */
  failIn = Number.POSITIVE_INFINITY;
  readonly #qdiscs = new Map<string, Map<string, Qdisc>>([["eth0", new Map()]]);
  readonly #filters = new Map<string, Filter[]>([["eth0", []]]);
  readonly #tables = new Map<string, string>();

  run: Runner = async (command) => {
    this.log.push(command);
    try {
      return { code: 0, stdout: this.#do(command), stderr: "" } satisfies Outcome;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { code: 2, stdout: "", stderr: error.message };
    }
  };

  /** Everything that is there, without how long it still lasts. */
  snapshot(): string {
    return JSON.stringify({
      qdiscs: [...this.#qdiscs].map(([device, map]) => [device, [...map.values()].map((each) => ({ ...each })).sort(byText)]),
      filters: [...this.#filters].map(([device, list]) => [device, list.map((each) => ({ ...each })).sort(byText)]),
      tables: [...this.#tables].map(([name, text]) => [name, text.replaceAll(/timeout \d+ms/g, "timeout")]),
    });
  }

  /** What hangs on the classes of the device's root, by kind. */
  kinds(device = "eth0"): string[] {
    return [...(this.#qdiscs.get(device)?.values() ?? [])].map(({ kind }) => kind).sort();
  }

  filters(device = "eth0"): readonly Filter[] {
    return this.#filters.get(device) ?? [];
  }

  table(name: string): string | undefined {
    return this.#tables.get(name);
  }

  #do({ argv, input }: Command): string {
    const [program, ...args] = argv;
    if (args[0] === "-batch") {
      for (const [index, line] of input!().trimEnd().split("\n").entries()) {
        try {
          this.#do({ argv: ["tc", ...line.split(" ")] });
        } catch (error) {
          if (error instanceof Refused) error.message += `\nCommand failed -:${index + 1}`;
          throw error;
        }
      }
      return "";
    }
    if (args[1] === "show" || args[0] === "list" || args.includes("show")) return this.#show(program, args);
    if (this.failIn-- <= 0) {
      this.failIn = Number.POSITIVE_INFINITY;
      throw new Refused("RTNETLINK answers: Cannot allocate memory");
    }
    if (program === "tc" && args[0] === "qdisc") this.#qdisc(args.slice(1));
    else if (program === "tc" && args[0] === "filter") this.#filter(args.slice(1));
    else if (program === "ip") this.#link(args);
    else if (program === "nft") this.#nft(args, input?.());
    else throw new Error(`no such command: ${argv.join(" ")}`);
    return "";
  }

  #show(program: string | undefined, args: readonly string[]): string {
    if (program === "ip") {
      if (!this.#qdiscs.has(args.at(-1)!)) throw new Refused(`Device "${args.at(-1)}" does not exist.`);
      return "";
    }
    if (program !== "tc") return "";
    const lines = [...this.#qdiscs].flatMap(([device, qdiscs]) => [
      ...(qdiscs.has("root") ? [] : [`qdisc noqueue 0: dev ${device} root refcnt 2`]),
      ...[...qdiscs.values()].map(({ kind, handle, parent }) => {
        const where = parent === "root" ? "root refcnt 2" : `parent ${parent === "ingress" ? "ffff:fff1" : parent}`;
        return `qdisc ${kind} ${handle} dev ${device} ${where}`;
      }),
    ]);
    return lines.join("\n");
  }

  #device(args: readonly string[]): Map<string, Qdisc> {
    const device = args[args.indexOf("dev") + 1]!;
    const found = this.#qdiscs.get(device);
    if (found === undefined) throw new Refused(`Cannot find device "${device}"`);
    return found;
  }

  #qdisc(args: readonly string[]): void {
    const [verb, , device = ""] = args;
    const qdiscs = this.#device(args);
    const parent = args.includes("parent") ? args[args.indexOf("parent") + 1]! : args.includes("ingress") ? "ingress" : "root";
    const handle = args.includes("handle") ? args[args.indexOf("handle") + 1]! : undefined;
    const there = qdiscs.get(parent);
    if (verb === "del") {
      if (there === undefined || (handle !== undefined && there.handle !== handle)) throw new Refused("Error: Invalid handle.");
      this.#drop(device, there);
      return;
    }
    const kind = args.find((word) => ["prio", "netem", "tbf", "pfifo", "ingress"].includes(word))!;
    const text = args.slice(args.indexOf(kind)).join(" ");
    const others = [...qdiscs.values()].filter((one) => one.kind === "netem" && one !== there);
    if (kind === "netem" && others.some((other) => duplicates(other.text) || duplicates(text)))
      throw new Refused("Error: netem: cannot mix duplicating netems with other netems in tree.");
    if (there !== undefined && there.handle === handle && verb !== "add") {
      if (there.kind !== kind) throw new Refused("Error: Invalid qdisc name: must match existing qdisc.");
      there.text = text;
      return;
    }
    if (verb === "change") throw new Refused("Error: Specified qdisc not found.");
    if (there !== undefined && verb === "add") throw new Refused("Error: Exclusivity flag on, cannot modify.");
    if (parent.includes(":")) {
      const above = [...qdiscs.values()].find((one) => one.handle === `${parent.split(":")[0]}:`);
      if (above === undefined) throw new Refused("Error: Failed to find specified qdisc.");
      const minor = Number.parseInt(parent.split(":")[1]!, 16);
      if (above.kind === "prio" ? minor < 1 || minor > 16 : minor !== 1) throw new Refused("Error: Specified class not found.");
    }
    if ([...qdiscs.values()].some((one) => one.handle === handle)) throw new Refused("Error: Exclusivity flag on, cannot override.");
    if (there !== undefined) this.#drop(device, there);
    qdiscs.set(parent, { kind, handle: handle!, parent, text });
  }

  #drop(device: string, qdisc: Qdisc): void {
    const qdiscs = this.#qdiscs.get(device)!;
    qdiscs.delete(qdisc.parent);
    for (const one of [...qdiscs.values()]) if (one.parent.startsWith(qdisc.handle) && qdiscs.has(one.parent)) this.#drop(device, one);
    this.#filters.set(
      device,
      this.#filters.get(device)!.filter(({ parent }) => parent !== qdisc.handle),
    );
  }

  #filter(args: readonly string[]): void {
    const after = (word: string): string => (args.includes(word) ? args[args.indexOf(word) + 1]! : "");
    const qdiscs = this.#device(args);
    const device = after("dev");
    const list = this.#filters.get(device)!;
    const [parent, pref, handle, protocol] = [after("parent"), after("pref"), after("handle"), after("protocol")];
    const kind = args.find((word) => ["flower", "fw", "u32"].includes(word));
    const words = kind === undefined ? args : args.slice(0, args.indexOf(kind));
    const chain = words.includes("chain") ? words[words.indexOf("chain") + 1]! : "0";
    if (![...qdiscs.values()].some((one) => one.handle === parent)) throw new Refused("Error: Parent Qdisc doesn't exists.");
    const same = list.filter((one) => one.parent === parent && one.chain === chain && (pref === "" || one.pref === pref));
    if (args[0] === "del") {
      if (same.length === 0) throw new Refused("Error: Filter with specified priority/protocol not found.");
      this.#filters.set(
        device,
        list.filter((one) => !same.includes(one)),
      );
      return;
    }
    if (kind === undefined) throw new Error(`not understood: ${args.join(" ")}`);
    if (same.some((one) => one.kind !== kind || one.protocol !== protocol))
      throw new Refused("Error: Specified filter kind does not match existing one.");
    const text = args.slice(args.indexOf(kind)).join(" ");
    const key = (match: string): string => match.replace(/ (classid|action) .*/, "");
    if (same.some((one) => one.handle === handle || (kind === "flower" && key(one.text) === key(text))))
      throw new Refused("RTNETLINK answers: File exists");
    list.push({ kind, parent, protocol, chain, pref, handle, text });
  }

  #link(args: readonly string[]): void {
    const name = args[1] === "add" ? args[2]! : args[1] === "set" ? args[2]! : args.at(-1)!;
    if (args[1] === "add") {
      if (this.#qdiscs.has(name)) throw new Refused("RTNETLINK answers: File exists");
      this.#qdiscs.set(name, new Map());
      this.#filters.set(name, []);
      return;
    }
    if (!this.#qdiscs.has(name)) throw new Refused(`Cannot find device "${name}"`);
    if (args[1] === "del") {
      this.#qdiscs.delete(name);
      this.#filters.delete(name);
    }
  }

  #nft(args: readonly string[], input = ""): void {
    if (args[0] === "delete") {
      if (!this.#tables.delete(args[3]!)) throw new Refused("Error: No such file or directory");
      return;
    }
    const name = /^add table inet (\S+)$/m.exec(input)?.[1];
    if (name === undefined) throw new Error(`not understood: ${input}`);
    const body = input.slice(input.indexOf("\ntable inet ") + 1);
    if (input.includes("\ntable inet ")) this.#tables.set(name, body);
    else this.#tables.delete(name);
  }
}

function duplicates(netem: string): boolean {
  return Number.parseFloat(/ duplicate ([\d.]+)%/.exec(netem)?.[1] ?? "0") > 0;
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
