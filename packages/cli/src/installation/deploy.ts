import { type KubeObject, parseDuration } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { Deployment } from "@outrigger/kit/kinds";
import { allManifests, installation, namespaceObject, type Values } from "@outrigger/operator/deploy";
import { stringify } from "yaml";
import { CliError } from "../errors.ts";
import { ClusterObjects } from "../install/index.ts";
import { type ClusterOptions, withClient } from "../kubeconfig.ts";
import { type ValueOptions, valuesOf } from "./values.ts";

export interface DeployOptions extends ClusterOptions, ValueOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** How long to wait. */
  readonly timeout?: string;
}

export const DEPLOYMENT = "outrigger-manager";
const HELM_RELEASE = "meta.helm.sh/release-name";

/** `outrigger install`: the definitions. */
export async function install(options: DeployOptions): Promise<void> {
  const objects = installation(allManifests(), valuesOf(options), "crd");
  if (options.dryRun) return print(objects);
  await withClient(options, async (client) => {
    await applyAll(client, objects);
    console.log(`${objects.length} definitions are installed; start a manager with \`outrigger run\` or \`outrigger deploy\``);
  });
}

/** `outrigger deploy`: everything that the chart installs. */
export async function deploy(options: DeployOptions): Promise<void> {
  const values = valuesOf(options);
  const objects = [namespaceObject(options.namespace), ...installation(allManifests(), values)];
  if (options.dryRun) return print(objects);
  await withClient(options, async (client) => {
    await notByHelm(client, options.namespace, "helm upgrade");
    await applyAll(client, objects);
    console.log(`${objects.length} objects are applied`);
    if (options.wait !== false) await ready(client, options.namespace, values, parseDuration(options.timeout ?? "2m"));
  });
}

/** Two tools that each believe to own an installation undo each other's work. */
export async function notByHelm(client: Client, namespace: string, instead: string): Promise<void> {
  const found = await client.find(Deployment, { namespace, name: DEPLOYMENT });
  const release = found?.metadata.annotations?.[HELM_RELEASE];
  if (release !== undefined) throw new CliError(`the manager in ${namespace} was installed by Helm as release ${release}: use ${instead}`);
}

async function applyAll(client: Client, objects: readonly KubeObject[]): Promise<void> {
  const known = new ClusterObjects(client);
  for (const object of objects) await known.apply(object);
}

async function ready(client: Client, namespace: string, { replicas }: Values, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const { metadata, status } = await client.get(Deployment, { namespace, name: DEPLOYMENT });
    const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas: all = 0 } = status ?? {};
    const current = observedGeneration >= (metadata.generation ?? 0);
    if (current && updatedReplicas === replicas && availableReplicas === replicas && all === replicas) break;
    if (performance.now() > deadline)
      throw new CliError(
        `${availableReplicas} of ${String(replicas)} replicas are available after ${withinMs / 1000} s: kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=${DEPLOYMENT}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  console.log(`the manager is ready: ${String(replicas)} replicas in ${namespace}`);
}

function print(objects: readonly KubeObject[]): void {
  console.log(objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n"));
}
