import { type Command, Option } from "commander";

/** Declares the commands that make a project and add to it; what they do is loaded when one is called. */
export function projectCommands(program: Command, cluster: (command: Command) => Command): void {
  program
    .command("init [folder]")
    .description("start a project: an operator's program, tests, image and CI")
    .option("--domain <domain>", "what the groups of its kinds end with", "example.com")
    .option("--name <name>", "name of the operator (default: the folder's)")
    .option("--image <image>", "where its image is pushed to (default: NAME:latest)")
    .action(async (folder = ".", options) => (await import("./scaffold/index.ts")).init(folder, options));

  const create = program.command("create").description("add a kind or a webhook to the project");
  create
    .command("api")
    .description("a kind, its controller, a test and a sample")
    .requiredOption("--group <group>", "group of the kind, without the project's domain")
    .requiredOption("--version <version>", "version of the kind, such as v1 or v1alpha1")
    .requiredOption("--kind <kind>", "the kind in CamelCase, such as CustomPod")
    .option("--cluster-scoped", "objects belong to no namespace")
    .option("--no-controller", "the kind alone")
    .action(async (options) => {
      const { requireProject } = await import("./project/index.ts");
      (await import("./scaffold/index.ts")).createApi(requireProject("create api"), options);
    });

  create
    .command("webhook")
    .description("defaults and rules in code for a kind of the project or of Kubernetes, and a test")
    .requiredOption("--group <group>", "group of the kind, without the project's domain; core for pods and the like")
    .requiredOption("--version <version>", "version of the kind")
    .requiredOption("--kind <kind>", "the kind in CamelCase")
    .option("--defaulting", "a hook that fills in defaults (default: both)")
    .option("--validation", "a hook that refuses (default: both)")
    .action(async (options) => {
      const { requireProject } = await import("./project/index.ts");
      await (await import("./scaffold/index.ts")).createWebhook(requireProject("create webhook"), options);
    });

  program
    .command("manifests")
    .alias("generate")
    .description("write the project's definitions, rights, Deployment, kustomize tree, Helm charts and all-in-one file")
    .option("--check", "write nothing; exit code 1 when a file is stale")
    .option("--admission-policy <file...>", "instead, print PodDefaults of files as MutatingAdmissionPolicies; needs no project")
    .action(async (options) => {
      if (options.admissionPolicy) return (await import("./inject/index.ts")).admissionPolicies(options.admissionPolicy);
      const { requireProject } = await import("./project/index.ts");
      await (await import("./manifests/index.ts")).manifests(requireProject("manifests"), options);
    });

  program
    .command("lint [path...]")
    .description("find what bites in practice in manifests and charts (default: those of the project, or of this folder)")
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .action(async (paths, options) => (await import("./lint/index.ts")).lint(paths, options));

  program
    .command("convert-crd <file...>")
    .description("print CustomResourceDefinitions of v1beta1 as v1; what to look at goes to standard error")
    .action(async (files) => (await import("./convert-crd/index.ts")).convertCrd(files));

  cluster(program.command("import [file...]"))
    .description("print the source that declares the kinds of CustomResourceDefinitions, of files or of a cluster")
    .option("--from-cluster <name...>", "definitions that the cluster has, such as networks.example.com")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .action(async (files, options) => (await import("./import/index.ts")).importDefinitions(files, options));
}
