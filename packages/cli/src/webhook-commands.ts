import type { Command } from "commander";

/** Declares `outrigger webhook …`; what the commands do is loaded when one is called. */
export function webhookCommands(program: Command, cluster: (command: Command) => Command): void {
  const webhook = program.command("webhook").description("break glass: let the API server ask nobody, and ask again");
  cluster(webhook.command("suspend"))
    .description("empty the manager's webhook configurations: pods are made without sidecars until they are resumed")
    .action(async (options) => (await import("./webhook.ts")).suspend(options));
  cluster(webhook.command("resume"))
    .description("have the manager fill its webhook configurations again")
    .action(async (options) => (await import("./webhook.ts")).resume(options));
}
