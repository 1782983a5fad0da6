// A devcluster in a process of its own, for a manager to run beside.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevcluster } from "@outrigger/devcluster";
import { answerWith } from "../contender.ts";

answerWith(async (): Promise<string> => {
  const cluster = await startDevcluster({ bare: true });
  const file = join(mkdtempSync(join(tmpdir(), "outrigger-bench-")), "kubeconfig");
  writeFileSync(file, cluster.kubeconfig, { mode: 0o600 });
  return file;
});
