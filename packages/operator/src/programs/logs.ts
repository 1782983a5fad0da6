import { once } from "node:events";
import { connect } from "@outrigger/kit/client";
import { bucketSources, folderSource, readBack } from "../logs/index.ts";
import { type FlagValues, UsageError } from "./flags.ts";
import type { LOGS_FLAGS } from "./logs-flags.ts";

/** Prints what the archive has of a pod or of a Job's pods. */
export async function run(values: FlagValues<typeof LOGS_FLAGS>, signal: AbortSignal): Promise<void> {
  if (values.target === "") throw new UsageError("--target names a pod or a Job: job/NAME");
  const client = connect({}, { userAgent: "outrigger-logs", onWarning: () => {} });
  try {
    const sources = [folderSource(values["log-folder"]), ...(await bucketSources(client, values.namespace))];
    const lines = readBack(sources, {
      namespace: values["in-namespace"],
      target: values.target,
      ...(values.container === "" ? {} : { container: values.container }),
      timestamps: values.timestamps === "true",
    });
    for await (const line of lines) {
      if (signal.aborted) return;
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
    }
  } finally {
    await client.close();
  }
}
