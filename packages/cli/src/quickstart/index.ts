import type { KubeObject } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { CliError } from "../errors.ts";
import { applyAll, manifests } from "./apply.ts";
import { check, type PodView } from "./promises.ts";
import { report } from "./report.ts";

/** How long the quickstart's pods may take to be as promised, in milliseconds. */
const PATIENCE_MS = 60_000;

export interface QuickstartOptions {
  /** The manager's namespace. */
  readonly namespace: string;
  /** Print each promise and fail when one is broken. */
  readonly check: boolean;
}

/**
 * Applies the quickstart's objects, waits until its pods are as promised and prints them.
 *
 * @throws CliError naming each broken promise, when asked to check.
 */
export async function quickstart(client: Client, options: QuickstartOptions): Promise<void> {
  const rules = manifests().filter(({ objects }) => objects.some((object) => isRule(object)));
  const rest = manifests().filter(({ file }) => !rules.some((rule) => rule.file === file));
  await applyAll(client, [namespaceObject(options.namespace), ...rules.flatMap(({ objects }) => objects)]);
  const workloads = rest.flatMap(({ objects }) => objects);
  await rulesInForce(client, workloads);
  await applyAll(client, workloads);
  const pods = await settled(client);
  console.log(report(pods));
  if (!options.check) return;
  const checked = check(pods);
  console.log("");
  for (const { title, broken } of checked) console.log(`${broken.length === 0 ? "ok      " : "BROKEN  "}${title}${broken.map((what) => `\n          ${what}`).join("")}`);
  const broken = checked.filter((one) => one.broken.length > 0);
  console.log(`\nstart: ${checked.length - broken.length} passed, ${broken.length} failed`);
  if (broken.length > 0) throw new CliError(`not as promised: ${broken.map((one) => `${one.title} (${one.broken.join("; ")})`).join(", ")}`);
}

/** Objects of our own groups and templates are rules; what they act on comes after them. */
function isRule(object: KubeObject): boolean {
  return /^(outrigger\.dev|apps\.kruise\.io)\//.test(object.apiVersion) || object.metadata.labels?.["outrigger.dev/injection-template"] !== undefined;
}

function namespaceObject(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

async function settled(client: Client): Promise<readonly PodView[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const pods = (await client.list(Pod)).items as unknown as PodView[];
    const mine = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && (pod.metadata.namespace === "default" || pod.metadata.namespace === "tidb-cluster"));
    if (!check(mine).some(({ pending }) => pending) || performance.now() > deadline) return mine;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Waits until the rules reach every pod that is about to be made, by making each without storing it (a dry run): the
 * manager, and on a real cluster each API server, learns of a new rule a moment after it was applied.
 */
async function rulesInForce(client: Client, workloads: readonly KubeObject[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (const pod of workloads.flatMap((workload) => podOf(workload) ?? [])) {
    for (;;) {
      const made = (await client.create(Pod, pod as never, { dryRun: true })) as unknown as KubeObject;
      if (made.metadata.annotations?.["outrigger.dev/injection"] !== undefined) break;
      if (performance.now() > deadline) throw new CliError(`no rule reaches pod ${pod.metadata.namespace}/${pod.metadata.name}: see \`outrigger explain\``);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The pod that a workload would make, under a name of its own: in a cluster of `--data-dir` the workload may be there already. */
function podOf(workload: KubeObject): KubeObject | undefined {
  const { namespace = "default", name } = workload.metadata;
  const own = { name: `${name}-dry-run`, namespace };
  if (workload.kind === "Pod") return { ...workload, metadata: { ...workload.metadata, ...own } };
  const template = (workload["spec"] as { template?: { metadata?: object; spec: object } } | undefined)?.template;
  if (!template) return undefined;
  return { apiVersion: "v1", kind: "Pod", metadata: { ...template.metadata, ...own }, spec: template.spec };
}
