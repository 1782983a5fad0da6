import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@outrigger/kit/client";
import { Archiver } from "../../packages/operator/src/logs/archiver.ts";
import { LogFolder } from "../../packages/operator/src/logs/log-folder.ts";
import type { LoggedPod } from "../../packages/operator/src/logs/pod-runs.ts";
import { answerWith } from "../contender.ts";

const folder = mkdtempSync(join(tmpdir(), "outrigger-bench-logs-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Follows these pods into a folder, as the manager does. */
answerWith(({ kubeconfigFile, pods }: { kubeconfigFile: string; pods: readonly LoggedPod[] }) => {
  const archiver = new Archiver(connect({ file: kubeconfigFile }, { userAgent: "bench", onWarning: () => {} }));
  for (const pod of pods) archiver.see(pod, { name: "all", maximumBytes: 1 << 30, folder: new LogFolder(folder) });
  return process.pid;
});
