import { parseDuration } from "@outrigger/kit/api";
import { installDefinitions } from "@outrigger/kit/controller";
import { type ClusterOptions, withClient } from "../kubeconfig.ts";
import { type Operator, type Project, readOperator } from "../project/index.ts";
import { drain } from "./drain.ts";
import { ClusterObjects, nameOf } from "./objects.ts";

/** `outrigger install`: the definitions of the project's kinds; returns when the cluster serves them. */
export async function install(project: Project, options: ClusterOptions): Promise<void> {
  const { kinds } = await readOperator(project);
  await withClient(options, (client) => installDefinitions(client, kinds));
  for (const kind of kinds) console.log(`customresourcedefinition.apiextensions.k8s.io/${kind.crd().metadata.name} serverside-applied`);
  if (kinds.length === 0) console.log("The project defines no kinds.");
}

export interface UninstallOptions extends ClusterOptions {
  readonly timeout: string;
}

/** `outrigger uninstall`: the definitions, and with them every object of these kinds. */
export async function uninstall(project: Project, options: UninstallOptions): Promise<void> {
  const operator = await readOperator(project);
  await withClient(options, async (client) => {
    await drain(client, operator, parseDuration(options.timeout as never));
    await deleteDefinitions(new ClusterObjects(client), operator);
  });
}

export async function deleteDefinitions(objects: ClusterObjects, { kinds }: Operator): Promise<void> {
  for (const kind of kinds) {
    const definition = kind.crd();
    if (await objects.delete(definition as never)) console.log(`${nameOf(definition as never)} deleted`);
  }
}
