import { type Command, Option } from "commander";

const many = (value: string, before: readonly string[] = []): string[] => [...before, value];
/** Options that are about Outrigger's own manager, not about a project's operator. */
const MANAGER_ONLY = ["values", "set", "dryRun", "definitions", "deleteNamespace"];
const OUTSIDE = "Outside a project it is about Outrigger's own manager; with --manager it is so everywhere.";

/** Declares `install`, `uninstall`, `deploy`, `undeploy`: in a project they are about its operator, elsewhere about the manager. */
export function installCommands(program: Command, cluster: (command: Command) => Command): void {
  const inProject = async (command: string) => (await import("./project/index.ts")).requireProject(command);
  const timeout = (command: Command, what: string, value: string): Command => command.option("--timeout <duration>", what, value);
  const either = (command: Command): Command =>
    cluster(command)
      .addHelpText("after", `\n${OUTSIDE}`)
      .option("--manager", "Outrigger's own manager, also in a project")
      .option("-n, --namespace <name>", "namespace of the manager", "outrigger-system");
  const valued = (command: Command): Command =>
    either(command)
      .option("-f, --values <file>", "of the manager: values as the chart `outrigger` has them; may be repeated", many)
      .option("--set <path=value>", "of the manager: one value, such as replicas=3 or image.tag=0.1.0; may be repeated", many)
      .option("--dry-run", "of the manager: print the objects and apply nothing");
  const manager = () => import("./installation/index.ts");

  valued(program.command("install"))
    .description("apply the CustomResourceDefinitions of the project, or of Outrigger's manager")
    .action(async (options) => {
      const project = await projectFor(options);
      return project ? (await import("./install/index.ts")).install(project, options) : (await manager()).install(options);
    });

  timeout(cluster(program.command("uninstall")), "how long the operator may take to clean up after its objects", "30s")
    .description("delete the project's CustomResourceDefinitions, after every object of them")
    .action(async (options) => (await import("./install/index.ts")).uninstall(await inProject("uninstall"), options));

  timeout(valued(program.command("deploy")), "how long to wait until it is available", "2m")
    .description("apply everything that the project's operator, or Outrigger's manager, needs, and wait until it is available")
    .option("--image <image>", "the operator's image (default: that of the chart's values)")
    .option("--no-wait", "do not wait until it is available")
    .action(async (options) => {
      const project = await projectFor(options);
      return project ? (await import("./install/index.ts")).deploy(project, options) : (await manager()).deploy(options);
    });

  timeout(either(program.command("undeploy")), "how long the operator may take to clean up after its objects", "30s")
    .description("delete the operator, its definitions and every object of them, finalizers first; or Outrigger's manager")
    .addOption(
      new Option("--definitions <what>", "of the manager: whether the definitions go, and with them every object of them").choices([
        "keep",
        "delete",
      ]),
    )
    .option("--delete-namespace", "of the manager: delete its namespace too, with the templates in it")
    .action(async (options) => {
      const project = await projectFor(options);
      return project ? (await import("./install/index.ts")).undeploy(project, options) : (await manager()).undeploy(options);
    });
}

/** The project that a command is about; none where it is about the manager. @throws CliError for an option of the other. */
async function projectFor(options: Readonly<Record<string, unknown>>) {
  const [{ findProject }, { CliError }] = await Promise.all([import("./project/index.ts"), import("./errors.ts")]);
  const project = options["manager"] ? undefined : findProject();
  const given = MANAGER_ONLY.find((name) => options[name] !== undefined);
  if (project && given)
    throw new CliError(
      `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is about Outrigger's own manager: add --manager`,
      { exitCode: 2 },
    );
  if (!project && options["image"] !== undefined)
    throw new CliError("--image is about a project's operator: for the manager write --set image.repository=… and --set image.tag=…", {
      exitCode: 2,
    });
  return project;
}
