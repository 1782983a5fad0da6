import type { Desired } from "@outrigger/kit/api";
import type { NetworkFault } from "@outrigger/operator";
import { CliError } from "./errors.ts";

/** What `outrigger fault set` takes beside the fault itself. */
export interface FaultSetOptions {
  readonly selector?: string;
  readonly pod?: readonly string[];
  readonly count: string;
  readonly duration: string;
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly direction?: string;
  readonly to?: readonly string[];
  readonly toPods?: readonly string[];
  readonly toService?: readonly string[];
  readonly port?: readonly string[];
  readonly protocol?: string;
  readonly exclude?: readonly string[];
  readonly agentPort?: number;
  readonly tokenSecret?: string;
  readonly name?: string;
}

type Spec = Desired<typeof NetworkFault>["spec"];
type Fault = Spec["fault"];
type Draft = { -readonly [K in keyof Fault]: Fault[K] };

const EXAMPLES = "latency=20ms, jitter=5ms, loss=10%, duplicate=1%, corrupt=1%, reorder=25%, rate=1mbit, partition";

/**
 * The spec that the words and flags of `outrigger fault set` mean.
 *
 * @throws CliError that names the word or flag and shows what is allowed.
 */
export async function faultSpec(words: readonly string[], options: FaultSetOptions): Promise<Spec> {
  const { fault, names } = faultOf(words);
  const pods = [...names, ...(options.pod ?? [])];
  if (options.selector === undefined && pods.length === 0)
    throw usage("say which pods: -l app=NAME, pod/NAME, or -l '' for all pods of the namespace");
  const duration = options.duration === "0" ? undefined : options.duration;
  const targets = await targetsOf(options);
  return {
    selector: {
      ...(options.selector ? await selectorOf(options.selector, "--selector") : {}),
      ...(pods.length > 0 ? { names: pods } : {}),
    },
    ...modeOf(options.count),
    fault: { ...fault, ...(options.direction ? { direction: options.direction as "egress" } : {}) },
    ...(Object.keys(targets).length > 0 ? { targets } : {}),
    ...(options.exclude ? { exclude: { cidrs: listed(options.exclude) } } : {}),
    ...(duration ? { duration } : {}),
    ...(options.schedule ? { schedule: options.schedule } : {}),
    ...(options.timeZone ? { timeZone: options.timeZone } : {}),
    ...(options.agentPort || options.tokenSecret
      ? {
          agent: {
            ...(options.agentPort ? { port: options.agentPort } : {}),
            ...(options.tokenSecret ? { tokenSecret: { name: options.tokenSecret } } : {}),
          },
        }
      : {}),
  } as Spec;
}

/** The effects, and the pods that are named among them as kubectl names them. */
function faultOf(words: readonly string[]): { readonly fault: Draft; readonly names: readonly string[] } {
  const given = new Map<string, string>();
  const names: string[] = [];
  for (const word of words) {
    const pod = /^pods?\/(.+)$/.exec(word);
    if (pod) {
      names.push(pod[1]!);
      continue;
    }
    const [key = "", value = ""] = split(word);
    const name = key === "delay" ? "latency" : key;
    if (given.has(name)) throw usage(`${word}: ${key} is given twice`);
    given.set(name, value);
  }
  const take = (name: string): string | undefined => {
    const value = given.get(name);
    given.delete(name);
    if (value === "") throw usage(`${name} needs a value, as in ${EXAMPLES}`);
    return value;
  };
  const percent = (name: string): number | undefined => {
    const value = take(name);
    if (value === undefined) return undefined;
    const number = Number(value.replace(/%$/, ""));
    if (!/^[\d.]+%?$/.test(value) || !(number >= 0 && number <= 100))
      throw usage(`${name}=${value}: a percentage is a number from 0 to 100, as in 10%`);
    return number;
  };
  const chance = (name: string): { percent: number } | undefined => {
    const value = percent(name);
    return value === undefined ? undefined : { percent: value };
  };
  const fault: Draft = {};
  const [time, jitter, distribution, correlation] = [take("latency"), take("jitter"), take("distribution"), percent("correlation")];
  if (time !== undefined)
    fault.delay = {
      time,
      ...(jitter ? { jitter } : {}),
      ...(distribution ? { distribution: distribution as "normal" } : {}),
      ...(correlation === undefined ? {} : { correlation }),
    };
  else if (jitter ?? distribution ?? correlation) throw usage("jitter, distribution and correlation go with latency=TIME");
  const [loss, duplicate, corrupt, reorder] = [chance("loss"), chance("duplicate"), chance("corrupt"), chance("reorder")];
  const gap = take("gap");
  if (loss) fault.loss = { random: loss };
  if (duplicate) fault.duplicate = duplicate;
  if (corrupt) fault.corrupt = corrupt;
  if (reorder) fault.reorder = { ...reorder, ...(gap ? { gap: Number(gap) } : {}) };
  const [bandwidth, burst, limit] = [take("rate"), take("burst"), take("limit")];
  if (bandwidth !== undefined) fault.rate = { bandwidth, ...(burst ? { burst } : {}), ...(limit ? { limit } : {}) };
  if (given.delete("partition")) fault.partition = true;
  const [unknown] = given.keys();
  if (unknown !== undefined) throw usage(`${unknown} is no fault: write ${EXAMPLES}`);
  if (Object.keys(fault).length === 0) throw usage(`say what to do, as in ${EXAMPLES}`);
  return { fault, names };
}

function modeOf(count: string): { mode: "all" | "one" | "fixed" | "percent"; value?: number } {
  if (count === "all" || count === "one") return { mode: count };
  const [, digits, percent] = /^(\d+)(%?)$/.exec(count) ?? [];
  const value = Number(digits);
  if (digits === undefined || value < 1 || (percent && value > 100))
    throw usage(`--count ${count}: write all, one, a number of pods, or a percentage such as 50%`);
  return { mode: percent ? "percent" : "fixed", value };
}

async function targetsOf({ to, toPods, toService, port, protocol }: FaultSetOptions): Promise<NonNullable<Spec["targets"]>> {
  const pods = await Promise.all((toPods ?? []).map(async (text) => ({ selector: await selectorOf(text, "--to-pods") })));
  return {
    ...(to ? { cidrs: listed(to) } : {}),
    ...(pods.length > 0 ? { pods } : {}),
    ...(toService
      ? {
          services: listed(toService).map((text) => {
            const [name = "", namespace] = split(text, ".");
            return { name, ...(namespace ? { namespace } : {}) };
          }),
        }
      : {}),
    ...(port ? { ports: listed(port).map((text) => (/^\d+$/.test(text) ? Number(text) : text)) } : {}),
    ...(protocol ? { protocol: protocol as "tcp" } : {}),
  } as NonNullable<Spec["targets"]>;
}

/** A selector as kubectl takes it, as the API has it. */
async function selectorOf(text: string, flag: string): Promise<object> {
  const { parseLabelSelector } = await import("@outrigger/kit/api");
  try {
    const { requirements } = parseLabelSelector(text);
    const equal = requirements.filter(({ symbol }) => symbol === "=" || symbol === "==");
    const others = requirements.filter((one) => !equal.includes(one));
    return {
      ...(equal.length > 0 ? { matchLabels: Object.fromEntries(equal.map(({ key, values }) => [key, values[0]])) } : {}),
      ...(others.length > 0
        ? { matchExpressions: others.map(({ key, operator, values }) => ({ key, operator, ...(values.length > 0 ? { values } : {}) })) }
        : {}),
    };
  } catch (error) {
    throw usage(`${flag} ${text}: ${(error as Error).message}`);
  }
}

function listed(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(",").filter(Boolean));
}

function split(text: string, separator = "="): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: 2 });
}
