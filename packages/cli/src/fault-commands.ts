import { type Command, InvalidArgumentError, Option } from "commander";

const EXAMPLES = `
Faults: latency=20ms [jitter=5ms distribution=normal correlation=25], loss=10%, duplicate=1%, corrupt=1%,
        reorder=25% [gap=5] (with latency), rate=1mbit [burst=32kb limit=64kb], partition

Examples:
  outrigger fault set latency=20ms -l app=tikv --duration 5m
  outrigger fault set latency=100ms jitter=20ms loss=1% -l app=web --count 50% --to-service db
  outrigger fault set partition pod/web-0 --to 10.0.0.0/8 --name cut-off
  outrigger fault set rate=1mbit -l app=web --ephemeral
  outrigger fault list --watch
  outrigger fault clear cut-off`;

/** Declares `outrigger fault …`; what the commands do is loaded when one is called. */
export function faultCommands(program: Command, cluster: (command: Command) => Command): void {
  const fault = program.command("fault").description("disturb the network of pods for a time, and see and end that");
  const many = (value: string, before: readonly string[] = []): string[] => [...before, value];
  const common = (command: Command): Command => cluster(command).option("-n, --namespace <name>", "namespace of the pods and the fault");
  const output = (): Option => new Option("-o, --output <format>", "output format").choices(["table", "json", "yaml"]).default("table");

  common(fault.command("set <fault...>"))
    .description("put a fault on pods, change one, or start one again that has ended")
    .option("-l, --selector <labels>", "pods by their labels, as kubectl has it")
    .option("--pod <name>", "a pod by its name; may be repeated (the same as pod/NAME)", many)
    .option("--count <count>", "how many of them: all, one, a number, or a percentage such as 50%", "all")
    .option("--duration <duration>", "how long, such as 90s or 1h; 0 is until it is cleared", "5m")
    .option("--name <name>", "name of the NetworkFault (default: from the fault and the pods)")
    .addOption(new Option("--direction <direction>", "which traffic (default: egress)").choices(["egress", "ingress", "both"]))
    .option("--to <cidr>", "only traffic with these addresses; may be repeated", many)
    .option("--to-pods <labels>", "only traffic with these pods; may be repeated", many)
    .option("--to-service <name[.namespace]>", "only traffic with this service; may be repeated", many)
    .option("--port <port>", "only traffic with this port or range of either side; may be repeated", many)
    .addOption(new Option("--protocol <protocol>", "only traffic by this protocol").choices(["tcp", "udp", "icmp"]))
    .option("--exclude <cidr>", "leave traffic with these addresses alone; may be repeated", many)
    .option("--schedule <cron>", "start again at these times, such as '0 * * * *'")
    .option("--time-zone <name>", "time zone of the schedule (default: UTC)")
    .option("--agent-port <number>", "port of the agents (default: 2332)", port)
    .option("--token-secret <name>", "Secret with the agents' bearer token")
    .option("--ephemeral", "give pods that have no agent one, as an ephemeral container")
    .option("--agent-image <image>", "image of that agent", "ghcr.io/outrigger-dev/agent:0.1.0")
    .option("--no-wait", "do not wait until the pods have it")
    .option("--timeout <duration>", "how long to wait", "30s")
    .option("--dry-run", "print the NetworkFault instead")
    .addOption(output())
    .addHelpText("after", EXAMPLES)
    .action(async (words, options) => (await import("./fault.ts")).setFault(words, options));

  common(fault.command("list [name]"))
    .alias("get")
    .description("faults of a namespace, or one with its pods")
    .option("-A, --all-namespaces", "faults of all namespaces")
    .option("-w, --watch", "go on telling what changes")
    .addOption(output())
    .action(async (name, options) => (await import("./fault.ts")).listFaults(name, options));

  common(fault.command("clear [name...]"))
    .alias("remove")
    .description("take faults off their pods and delete them")
    .option("--all", "all faults of the namespace")
    .option("--no-wait", "do not wait until they are off")
    .option("--timeout <duration>", "how long to wait", "2m")
    .action(async (names, options) => (await import("./fault.ts")).clearFaults(names, options));
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError("A port is a whole number from 1 to 65535.");
  return number;
}
