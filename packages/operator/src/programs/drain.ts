import { connect } from "@outrigger/kit/client";
import { drain } from "../drain/index.ts";
import type { DRAIN_FLAGS } from "./drain-flags.ts";
import type { FlagValues } from "./flags.ts";

/** Before an uninstallation: takes out of the cluster what would not work, or could not be deleted, without the manager. */
export async function run(values: FlagValues<typeof DRAIN_FLAGS>, signal: AbortSignal): Promise<void> {
  const client = connect({}, { userAgent: "outrigger-drain", onWarning: () => {} });
  try {
    const { namespace, deployment } = values;
    const definitions = values.definitions as "keep" | "delete";
    await drain(client, { namespace, deployment, definitions, signal, report: (line) => console.log(line) });
  } finally {
    await client.close();
  }
}
