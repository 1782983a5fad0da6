import { setTimeout as pause } from "node:timers/promises";
import { type KubeObject, parseDuration } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { installDefinitions } from "@outrigger/kit/controller";
import { Deployment, Pod } from "@outrigger/kit/kinds";
import { CliError } from "../errors.ts";
import { type ClusterOptions, withClient } from "../kubeconfig.ts";
import { operatorObjects, readSource, type Source } from "../manifests/index.ts";
import type { Project } from "../project/index.ts";
import { deleteDefinitions } from "./definitions.ts";
import { drain } from "./drain.ts";
import { ClusterObjects, nameOf } from "./objects.ts";

export interface DeployOptions extends ClusterOptions {
  readonly image?: string;
  readonly wait: boolean;
  readonly timeout: string;
}

const DEFINITION = "CustomResourceDefinition";
const POLL_MS = 250;
/** A namespace controller lists every kind before a namespace goes; pods in it may take their grace period. */
const NAMESPACE_ENDS_MS = 90_000;

/** `outrigger deploy`: everything that the operator needs, in a namespace of its own; returns when it is available. */
export async function deploy(project: Project, options: DeployOptions): Promise<void> {
  const { source } = await readSource(project, options.image);
  await withClient(options, (client) => deployTo(client, source, options));
}

async function deployTo(client: Client, source: Source, options: DeployOptions): Promise<void> {
  const objects = new ClusterObjects(client);
  await installDefinitions(client, source.operator.kinds);
  for (const object of operatorObjects(source)) {
    await objects.apply(object as KubeObject);
    console.log(`${nameOf(object as KubeObject)} serverside-applied`);
  }
  const deployment = operatorObjects(source).find(({ kind }) => kind === "Deployment");
  if (options.wait && deployment) await available(client, deployment as KubeObject, parseDuration(options.timeout as never));
}

export interface UndeployOptions extends ClusterOptions {
  readonly timeout: string;
}

/** `outrigger undeploy`: first the custom resources, which the operator still cleans up after, then everything that `deploy` made. */
export async function undeploy(project: Project, options: UndeployOptions): Promise<void> {
  const { source } = await readSource(project);
  await withClient(options, (client) => undeployFrom(client, source, options));
}

async function undeployFrom(client: Client, source: Source, options: UndeployOptions): Promise<void> {
  const objects = new ClusterObjects(client);
  await drain(client, source.operator, parseDuration(options.timeout as never));
  await deleteDefinitions(objects, source.operator);
  const rest = operatorObjects(source).filter(({ kind }) => kind !== DEFINITION);
  for (const object of rest.reverse()) {
    if (await objects.delete(object as KubeObject)) console.log(`${nameOf(object as KubeObject)} deleted`);
  }
  const namespace = rest.find(({ kind }) => kind === "Namespace") as KubeObject | undefined;
  const deadline = performance.now() + NAMESPACE_ENDS_MS;
  while (namespace && (await objects.find(namespace))) {
    if (performance.now() > deadline)
      throw new CliError(
        `namespace ${namespace.metadata.name} is still ending: kubectl get namespace ${namespace.metadata.name} -o yaml says what is in it`,
      );
    await pause(POLL_MS);
  }
}

/** Waits until every replica runs what was applied. @throws CliError that says what its pods wait for. */
async function available(client: Client, { metadata: { namespace = "", name = "" } }: KubeObject, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { metadata, spec, status } = await client.get(Deployment, { namespace, name });
    const wanted = spec?.replicas ?? 1;
    const seen = (status?.observedGeneration ?? 0) >= (Number(metadata.generation) || 0);
    if (seen && status?.updatedReplicas === wanted && status.availableReplicas === wanted && status.replicas === wanted) {
      console.log(`deployment ${name} is available`);
      return;
    }
    if (performance.now() > deadline)
      throw new CliError(
        `deployment ${name} is not available after ${timeoutMs / 1000} s: ${await why(client, namespace, name)}; kubectl -n ${namespace} describe pods and logs say more`,
      );
    await pause(POLL_MS);
  }
}

/** What the newest pod waits for, in the kubelet's words. */
async function why(client: Client, namespace: string, deployment: string): Promise<string> {
  const { items } = await client.list(Pod, { namespace });
  const pods = items.filter(({ metadata }) => metadata.name.startsWith(`${deployment}-`));
  const pod = pods.sort((a, b) => ((a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? 1 : -1))[0];
  if (!pod) return "it has no pods";
  const waiting = pod.status?.containerStatuses?.[0]?.state;
  const reason = waiting?.waiting ?? waiting?.terminated;
  const condition = pod.status?.conditions?.find(({ status }) => status === "False");
  const text = reason ? [reason.reason, reason.message] : [condition?.reason, condition?.message];
  return `pod ${pod.metadata.name} is ${pod.status?.phase}${text.some(Boolean) ? `, ${text.filter(Boolean).join(": ")}` : ""}`;
}
