import { planAdoption } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";

export interface AdoptOptions extends ClusterOptions {
  readonly namespace: string;
  readonly apply?: boolean;
}

/**
 * `outrigger adopt`: takes SidecarSets over from OpenKruise. Without `--apply` it says what it would do.
 *
 * @throws CliError while something stands in the way, with what to do.
 */
export async function adopt(options: AdoptOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { owners, blockers, steps } = await planAdoption(client, options.namespace);
    for (const line of owners) console.log(line);
    for (const line of blockers) console.log(`in the way: ${line}`);
    for (const { what, run } of steps) {
      if (options.apply && blockers.length === 0) await run();
      console.log(`${options.apply && blockers.length === 0 ? "done" : "would"}: ${what}`);
    }
    if (blockers.length > 0) throw new CliError(`nothing was written: ${blockers.length} in the way, see above`);
    if (steps.length === 0) console.log("nothing is left to take over");
    else if (!options.apply) console.log("nothing was written; outrigger adopt --apply does it");
  });
}
