// node --conditions=source truth/cel/record.ts: asks the real API server of KUBEBUILDER_ASSETS about the rules of
// cases.json and keeps its answers in answers.json.
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "@outrigger/kit/client";
import { startRealCluster } from "@outrigger/testing";
import { type CelGroup, playCel } from "./play.ts";

const groups = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8")) as CelGroup[];
const cluster = await startRealCluster({ controllers: false, node: false });
try {
  const client = connect({ text: cluster.kubeconfig });
  const answers = await playCel(client, groups);
  await client.close();
  writeFileSync(new URL("answers.json", import.meta.url), `${JSON.stringify(answers)}\n`);
} finally {
  await cluster.close();
}
