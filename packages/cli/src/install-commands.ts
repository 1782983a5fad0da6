import type { Command } from "commander";

/** Declares `install`, `uninstall`, `deploy`, `undeploy`: in a project they are about its operator. */
export function installCommands(program: Command, cluster: (command: Command) => Command): void {
  const inProject = async (command: string) => (await import("./project/index.ts")).requireProject(command);
  const timeout = (command: Command, what: string, value: string): Command => command.option("--timeout <duration>", what, value);

  cluster(program.command("install"))
    .description("apply the CustomResourceDefinitions of the project")
    .action(async (options) => (await import("./install/index.ts")).install(await inProject("install"), options));

  timeout(cluster(program.command("uninstall")), "how long the operator may take to clean up after its objects", "30s")
    .description("delete the project's CustomResourceDefinitions, after every object of them")
    .action(async (options) => (await import("./install/index.ts")).uninstall(await inProject("uninstall"), options));

  timeout(cluster(program.command("deploy")), "how long to wait until it is available", "2m")
    .description("apply everything that the project's operator needs, and wait until it is available")
    .option("--image <image>", "the operator's image (default: that of the chart's values)")
    .option("--no-wait", "do not wait until it is available")
    .action(async (options) => (await import("./install/index.ts")).deploy(await inProject("deploy"), options));

  timeout(cluster(program.command("undeploy")), "how long the operator may take to clean up after its objects", "30s")
    .description("delete the operator, its definitions and every object of them, finalizers first")
    .action(async (options) => (await import("./install/index.ts")).undeploy(await inProject("undeploy"), options));
}
