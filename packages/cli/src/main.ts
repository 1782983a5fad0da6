// The command line. Each command is a file of its own, loaded only when it is called, so that `--help` stays fast.
import { readFileSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { certsCommands } from "./certs-commands.ts";
import { CliError, lineOf } from "./errors.ts";
import { EXCLUDED_BY_DEFAULT } from "./excluded.ts";
import { faultCommands } from "./fault-commands.ts";
import { injectCommands } from "./inject-commands.ts";
import { installCommands } from "./install-commands.ts";
import { projectCommands } from "./project-commands.ts";
import { webhookCommands } from "./webhook-commands.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("outrigger")
  .description("Extend Kubernetes in TypeScript: run a cluster here, inject sidecars, and see why.")
  .version(version)
  .showHelpAfterError("(outrigger --help lists the commands)")
  .addHelpText(
    "after",
    "\nExit codes: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 3 nothing to do and --fail-on-none was given.",
  )
  // `create api --version v1` is about the kind.
  .enablePositionalOptions()
  .exitOverride((error) => {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    throw error;
  });

const cluster = (command: Command): Command =>
  command
    .option("--kubeconfig <file>", "kubeconfig to use instead of KUBECONFIG or ~/.kube/config")
    .option("--context <name>", "context of the kubeconfig");

program
  .command("dev")
  .description("start a cluster on this machine: in a project with its operator, elsewhere with the Outrigger manager and the quickstart")
  .option("--port <number>", "port of the API server on 127.0.0.1 (default: the one that --data-dir had last, else a free one)", portNumber)
  .option("--data-dir <folder>", "keep the cluster in this folder: the next start goes on with its objects, credentials and port")
  .option("--kubeconfig <file>", "where to write the kubeconfig", ".outrigger/kubeconfig")
  .option("--ready-file <file>", "file that is written once everything is ready")
  .option("--token-auth-file <file>", 'bearer tokens to take, a line each: token,user,uid,"group1,group2"')
  .option("--audit-log <file>", "write what is asked of the API server to this file, an audit.k8s.io/v1 Event a line; - is standard output")
  .option("--audit-policy <file>", "audit.k8s.io/v1 Policy that says how much of which request is written (default: the metadata of each)")
  .option("--bare", "the API server alone: no control loops, no manager, no quickstart")
  .option("--no-manager", "leave the manager (and with it the quickstart), or the project's operator, out")
  .option("--no-quickstart", "leave the quickstart's objects out")
  .option("--once", "check what the quickstart promises, then stop; exit code 1 when something is not as promised")
  .action(async (options) => {
    const project = (await import("./project/index.ts")).findProject();
    await (project ? (await import("./dev-project.ts")).devProject(project, options) : (await import("./dev.ts")).dev(options));
  });

program
  .command("envtest [folder]")
  .description("write programs named kube-apiserver and etcd to a folder, for KUBEBUILDER_ASSETS: envtest then starts the devcluster")
  .action(async (folder) => (await import("./envtest/index.ts")).writeAssets(folder ?? ".outrigger/envtest"));

cluster(program.command("run"))
  .description("run the project's operator, or outside a project the Outrigger manager, on this machine against the current cluster")
  .option("--namespace <name>", "namespace of the manager's certificates and templates", "outrigger-system")
  .option(
    "--excluded-namespaces <names>",
    `namespaces whose pods get nothing injected, beside the manager's own, with commas between, '' is none (default: ${EXCLUDED_BY_DEFAULT})`,
  )
  .option("--features <names>", "optional features to turn on, with commas between; 'all' is all of them")
  .option("--log-folder <folder>", "where PodLogArchives keep logs", ".outrigger/logs")
  .option("--istio-labels", "Istio's istio-injection and sidecar.istio.io/inject choose pods for templates as well")
  .option("--offer-environment <names>", "variables of this process that PodDefaults may take values from, with commas between")
  .option("--webhook-host <address>", "address at which the cluster's API server reaches this machine", "127.0.0.1")
  .option("--webhook-port <number>", "port of the webhook server (default: a free one)", portNumber)
  .option(
    "--webhook-client-ca <file>",
    "take reviews only from callers with a client certificate of this authority: API servers that have one",
  )
  .option("--ready-file <file>", "file that is written once the webhooks are registered")
  .action(async (options) => {
    // Started by `dev` it is always the manager.
    const project = process.send ? undefined : (await import("./project/index.ts")).findProject();
    await (project ? (await import("./install/index.ts")).runProject(project, options) : (await import("./run.ts")).run(options));
  });

const output = (): Option => new Option("-o, --output <format>", "output format").choices(["text", "json", "yaml"]).default("text");
const explain = program.command("explain").description("say why something has, or lacks, each sidecar");
cluster(explain.command("pod <name>"))
  .description("why a pod has, or lacks, each sidecar, label and volume")
  .option("-n, --namespace <name>", "namespace of the pod")
  .option("--manager-namespace <name>", "namespace of the manager's templates", "outrigger-system")
  .option("--excluded-namespaces <names>", "what the manager was given as that (default: what the manager that runs says of itself)")
  .addOption(output())
  .action(async (name, options) => (await import("./explain.ts")).explainPod(name, options));
cluster(explain.command("sidecarset <name>"))
  .description("how many pods of a SidecarSet are behind, why each waits, and what to do")
  .option("--manager-namespace <name>", "namespace of the set's revisions", "outrigger-system")
  .option("--excluded-namespaces <names>", "what the manager was given as that")
  .addOption(output())
  .action(async (name, options) => (await import("./explain-sidecarset.ts")).explainSidecarSet(name, options));
cluster(explain.command("template <name>"))
  .description("which pods are not as a template would make them today, and how to bring them up to date")
  .option("--manager-namespace <name>", "namespace of the manager's templates", "outrigger-system")
  .option("--excluded-namespaces <names>", "what the manager was given as that (default: what the manager that runs says of itself)")
  .addOption(output())
  .action(async (name, options) => (await import("./explain-template.ts")).explainTemplate(name, options));
cluster(explain.command("node <name>"))
  .description("what a node truly has, what it offers, and why")
  .addOption(output())
  .action(async (name, options) => (await import("./explain-node.ts")).explainNode(name, options));
for (const kind of ["Job", "CronJob"] as const)
  cluster(explain.command(`${kind.toLowerCase()} <name>`))
    .description(`what JobPolicies changed in a ${kind}, or would, and why`)
    .option("-n, --namespace <name>", `namespace of the ${kind}`)
    .addOption(output())
    .action(async (name, options) => (await import("./explain-job.ts")).explainJob(kind, name, options));

cluster(program.command("logs <target>"))
  .description("the archived logs of a pod or of a Job's pods (job/NAME, pod/NAME), also after they are gone, with how each run ended")
  .option("-n, --namespace <name>", "namespace of the pods")
  .option("-c, --container <name>", "only this container")
  .option("--timestamps", "each line with its time")
  .option("--folder <folder>", "the archive's folder on this machine (default: .outrigger/logs where it is there, else the manager's pod)")
  .option("--manager-namespace <name>", "namespace of the manager", "outrigger-system")
  .action(async (target, options) => (await import("./logs.ts")).logs(target, options));

cluster(program.command("adopt"))
  .description("take SidecarSets over from OpenKruise: revisions, field ownership, stored versions")
  .option("--namespace <name>", "namespace of our manager", "outrigger-system")
  .addOption(new Option("--dry-run", "say what would be done (the default)").conflicts("apply"))
  .option("--apply", "do it")
  .action(async (options) => (await import("./adopt.ts")).adopt(options));

faultCommands(program, cluster);
injectCommands(program, cluster);
projectCommands(program, cluster);
installCommands(program, cluster);
webhookCommands(program, cluster);
certsCommands(program, cluster);

program
  .command("completion")
  .description("print the script that completes commands and options: source <(outrigger completion bash)")
  .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
  .action(async (shell) => (await import("./completion.ts")).completion(shell));
program
  .command("__complete [words...]", { hidden: true })
  .allowUnknownOption()
  .helpOption(false)
  .passThroughOptions()
  .action(async (words) => console.log((await import("./completion.ts")).candidates(program, words).join("\n")));

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new CliError(`--port ${text}: a port is a whole number from 0 to 65535`, { exitCode: 2 });
  return port;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CliError) {
    console.error(lineOf(error));
    process.exitCode = error.exitCode;
  } else if (!(error instanceof Error && "code" in error && String(error.code).startsWith("commander."))) {
    console.error(lineOf(error));
    if (process.env["OUTRIGGER_DEBUG"]) console.error(error);
    process.exitCode = 1;
  }
}
// What was printed into a pipe is written before the end; whatever a command left open must not keep the process.
for (const stream of [process.stdout, process.stderr]) await new Promise((written) => stream.write("", written));
process.exit(process.exitCode ?? 0);
