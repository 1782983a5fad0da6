import { type Command, Option } from "commander";

/** Declares the commands that decide about pods in files. */
export function injectCommands(program: Command, cluster: (command: Command) => Command): void {
  const all = (value: string, before: readonly string[] = []): string[] => [...before, value];
  cluster(program.command("inject [paths...]"))
    .description("put sidecars and defaults into manifests, as admission would; without paths, or for -, read standard input")
    .option("-f, --rules <file>", "SidecarSets, PodDefaults or templates: a file, folder or address; may be repeated", all)
    .addOption(new Option("--from-cluster", "take the rules, and the labels of namespaces, of the cluster").conflicts("rules"))
    .option("-n, --namespace <name>", "namespace of objects that name none (default: default, or the kubeconfig's)")
    .option("--namespace-label <key=value>", "a label of the pods' namespaces; may be repeated", all)
    .option("--manager-namespace <name>", "namespace of the manager: its pods get nothing", "outrigger-system")
    .option("--excluded-namespaces <names>", "what the manager was given as that")
    .option("-i, --in-place", "change the files")
    .addOption(
      new Option("-o, --output <format>", "what is printed (default: yaml)")
        .choices(["yaml", "json", "patch", "diff"])
        .conflicts("inPlace"),
    )
    .option("--uninject", "take out what was injected; needs no rules")
    .option("--explain", "say on standard error what each rule did, and why")
    .option("--fail-on-none", "exit code 3 where no rule matched any pod")
    .action(async (paths, options) => (await import("./inject/index.ts")).inject(paths, options));
  cluster(program.command("review <file>"))
    .description("answer an AdmissionReview about a pod as the manager would; - is standard input")
    .option("-f, --rules <file>", "SidecarSets, PodDefaults or templates: a file, folder or address; may be repeated", all)
    .addOption(new Option("--from-cluster", "take the rules, and the labels of namespaces, of the cluster").conflicts("rules"))
    .option("--namespace-label <key=value>", "a label of the pod's namespace; may be repeated", all)
    .option("--manager-namespace <name>", "namespace of the manager: its pods get nothing", "outrigger-system")
    .option("--excluded-namespaces <names>", "what the manager was given as that")
    .option("--explain", "say on standard error what each rule did, and why")
    .action(async (file, options) => (await import("./inject/index.ts")).review(file, options));
}
