// npm run test:truth -- [FILE-PREFIX…] [--scenario NAME] [--verbose] [--update] [--whole] [--kubeconfig FILE]
// Sends recorded requests to the devcluster (or to the cluster of a kubeconfig) and recorded pods through the injection
// engine and through its webhooks, and says per file how many answers are alike. Exits 1 when a required answer is unlike or a count fell.
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startDevcluster } from "@outrigger/devcluster";
import { replayCel } from "./cel/replay.ts";
import { ClusterStage } from "./cluster-stage.ts";
import { replayHttp } from "./http.ts";
import { replayInjections, replaySets } from "./kruise.ts";
import { replayKubectls } from "./kubectl/index.ts";
import { judge, raise } from "./ledger.ts";
import type { Outcome } from "./outcome.ts";
import { replayRollouts } from "./rollout/index.ts";
import { type Target, targetOf, targetOfFile } from "./target.ts";
import { replayWebhooks } from "./webhooks.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: "string" },
    verbose: { type: "boolean", default: false },
    update: { type: "boolean", default: false },
    whole: { type: "boolean", default: false },
    kubeconfig: { type: "string" },
  },
});
const data = new URL("data/http/", import.meta.url);
const wanted = (file: string): boolean => positionals.length === 0 || positionals.some((prefix) => file.startsWith(prefix));

async function withServer<T>(use: (target: Target, settleMs: number) => Promise<T>): Promise<T> {
  if (flags.kubeconfig) return use(targetOfFile(flags.kubeconfig), 1200);
  const cluster = await startDevcluster({
    bare: true,
    tokens: [
      { token: "admin-token", username: "admin", uid: "u-admin", groups: ["system:masters"] },
      { token: "alice-token", username: "alice", uid: "u-alice", groups: ["developers"] },
    ],
  });
  const target = { ...targetOf(cluster.kubeconfig), token: "admin-token" };
  // The recorder was known by its token alone.
  const byToken = { ...target, agent: target.bareAgent };
  try {
    return await use(byToken, 0);
  } finally {
    target.agent.destroy();
    target.bareAgent.destroy();
    await cluster.close();
  }
}

/** The recorded injections once more, and what became of sets, by an API server that calls the manager's webhooks. */
async function throughWebhooks(kubeconfigFile: string | undefined): Promise<Outcome[]> {
  const cluster = kubeconfigFile === undefined ? await startDevcluster({ bare: true }) : undefined;
  const stage = await ClusterStage.start(cluster?.kubeconfig ?? readFileSync(kubeconfigFile!, "utf8"));
  try {
    return [
      ...(wanted("kruise/webhook") ? await replayInjections("kruise/webhook", flags.scenario, stage) : []),
      ...(wanted("kruise/sets") ? await replaySets(stage, flags.scenario) : []),
    ];
  } finally {
    await stage.stop();
    await cluster?.close();
  }
}

/** Rules of custom resources, in the Common Expression Language. */
async function rulesOfSchemas(kubeconfigFile: string | undefined): Promise<Outcome[]> {
  if (kubeconfigFile !== undefined) return replayCel(readFileSync(kubeconfigFile, "utf8"));
  const cluster = await startDevcluster({ bare: true });
  try {
    return await replayCel(cluster.kubeconfig);
  } finally {
    await cluster.close();
  }
}

const outcomes: Outcome[] = [];
for (const name of readdirSync(data).sort()) {
  const file = name.replace(/\.json$/, "");
  if (!wanted(file)) continue;
  const path = new URL(name, data).pathname;
  outcomes.push(
    ...(await withServer((target, settleMs) =>
      file.startsWith("08-")
        ? replayWebhooks(file, path, target, settleMs, flags.scenario)
        : replayHttp(file, path, target, settleMs > 0, flags.scenario),
    )),
  );
}
if (wanted("kruise-injection") && !flags.kubeconfig) outcomes.push(...(await replayInjections("kruise-injection", flags.scenario)));
if (wanted("kruise-rollout") && !flags.kubeconfig) outcomes.push(...(await replayRollouts("kruise-rollout", flags.scenario)));
if (wanted("kruise/webhook") || wanted("kruise/sets")) outcomes.push(...(await throughWebhooks(flags.kubeconfig)));
if (wanted("cel")) outcomes.push(...(await rulesOfSchemas(flags.kubeconfig)));
if (wanted("kubectl") && !flags.kubeconfig) outcomes.push(...(await replayKubectls({ whole: flags.whole, scenario: flags.scenario })));

const verdict = judge(outcomes);
if (flags.verbose) {
  for (const outcome of outcomes.filter((one) => one.differences.length > 0)) {
    console.log(`${outcome.file} "${outcome.scenario}" step ${outcome.step}: ${outcome.title}`);
    for (const line of outcome.differences.slice(0, 5)) console.log(`  ${line}`);
  }
}
for (const [file, count] of Object.entries(verdict.counts)) console.log(`${file}: ${count.alike} alike, ${count.unlike} unlike`);
for (const exception of verdict.excepted) {
  console.log(`excepted: ${exception.file} "${exception.scenario}" step ${exception.step ?? "any"}: ${exception.reason}`);
}
for (const outcome of verdict.broken) {
  console.log(`must be alike: ${outcome.file} "${outcome.scenario}" step ${outcome.step}: ${outcome.title}`);
  for (const line of outcome.differences.slice(0, 3)) console.log(`  ${line}`);
}
if (flags.scenario === undefined && !flags.kubeconfig) {
  for (const line of verdict.worse) console.log(`worse than before: ${line}`);
  if (flags.update) raise(verdict.counts);
}
const alike = outcomes.filter((outcome) => outcome.differences.length === 0).length;
const failed = verdict.broken.length + (flags.scenario === undefined ? verdict.worse.length : 0);
console.log(`${alike} of ${outcomes.length} answers alike`);
console.log(`truth: ${outcomes.length - verdict.broken.length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
