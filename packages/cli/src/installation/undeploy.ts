import type { KubeObject } from "@outrigger/kit/api";
import { type Client, NotFoundError } from "@outrigger/kit/client";
import { Namespace } from "@outrigger/kit/kinds";
import { drain } from "@outrigger/operator";
import { allManifests, applyValues, installation, optionalFeatures } from "@outrigger/operator/deploy";
import { ClusterObjects } from "../install/index.ts";
import { type ClusterOptions, withClient } from "../kubeconfig.ts";
import { DEPLOYMENT, notByHelm } from "./deploy.ts";

export interface UndeployOptions extends ClusterOptions {
  readonly namespace: string;
  /** Default: keep. */
  readonly definitions?: "keep" | "delete";
  readonly deleteNamespace?: boolean;
}

/** `outrigger undeploy`: leaves a cluster in order, also where a part of the manager is gone already. */
export async function undeploy(options: UndeployOptions): Promise<void> {
  const { namespace, definitions = "keep" } = options;
  await withClient(options, async (client) => {
    await notByHelm(client, namespace, "helm uninstall");
    const report = (line: string): void => console.log(line);
    await drain(client, { namespace, deployment: DEPLOYMENT, definitions, report, signal: new AbortController().signal });
    const deleted = await deleteAll(client, objectsOf(namespace));
    if (options.deleteNamespace) await client.delete(Namespace, { name: namespace }).catch(ignoreAbsence);
    console.log(`${deleted} objects are deleted; the definitions ${definitions === "keep" ? "and what people wrote stay" : "are gone"}`);
  });
}

/** Every object that `deploy` can create, whatever the values were, except the definitions; in reverse order of creation. */
function objectsOf(namespace: string): readonly KubeObject[] {
  const issuerRef = { name: "issuer" };
  const certificates = [{ mode: "csr" }, { mode: "cert-manager" }, { mode: "cert-manager", certManager: { issuerRef } }];
  const objects = certificates.flatMap((one) => {
    const given = {
      features: optionalFeatures.map(({ name }) => name),
      metrics: { readers: [{ kind: "ServiceAccount" }], serviceMonitor: { enabled: true } },
      webhook: { certificates: one },
    };
    return installation(allManifests(), { ...applyValues(given), namespace, appVersion: "" });
  });
  const distinct = new Map(objects.map((object) => [`${object.apiVersion}/${object.kind}/${object.metadata.name}`, object]));
  return [...distinct.values()].filter(({ kind }) => kind !== "CustomResourceDefinition").toReversed();
}

async function deleteAll(client: Client, objects: readonly KubeObject[]): Promise<number> {
  const known = new ClusterObjects(client);
  let deleted = 0;
  for (const object of objects) if (await known.delete(object)) deleted++;
  return deleted;
}

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
