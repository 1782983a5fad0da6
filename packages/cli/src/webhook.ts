import { userInfo } from "node:os";
import { resumeWebhooks, suspendWebhooks } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";

const FILLED_WITHIN_MS = 20_000;

/** `outrigger webhook suspend` */
export async function suspend(options: ClusterOptions): Promise<void> {
  await withClient(options, async (client) => {
    const names = await suspendWebhooks(client, `${new Date().toISOString()} ${userInfo().username}`);
    if (names.length === 0) throw new CliError("no manager's webhook configurations are in this cluster: there is nothing to suspend");
    console.log(`suspended: ${names.join(", ")}; pods are made without sidecars until \`outrigger webhook resume\``);
  });
}

/** `outrigger webhook resume` */
export async function resume(options: ClusterOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { names, filled } = await resumeWebhooks(client, FILLED_WITHIN_MS);
    if (names.length === 0) throw new CliError("nothing is suspended in this cluster");
    if (!filled) throw new CliError(`resumed: ${names.join(", ")}, but no manager has filled them: does one run?`);
    console.log(`resumed: ${names.join(", ")}`);
  });
}
