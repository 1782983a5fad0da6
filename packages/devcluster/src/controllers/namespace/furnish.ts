import type { Desired, Resource } from "@outrigger/kit/api";
import { AlreadyExistsError, type Client } from "@outrigger/kit/client";
import { controller, startController } from "@outrigger/kit/controller";
import { ConfigMap, Namespace, ServiceAccount } from "../../objects/index.ts";
import { IDLE, type Loop } from "../loop.ts";
import { difference, MANAGER, refusesContent } from "../writes.ts";

const ACCOUNT = "default";
const ROOT_CA = "kube-root-ca.crt";
/** Tells what the ConfigMap is for, as Kubernetes words it. */
const ROOT_CA_ANNOTATIONS = {
  "kubernetes.io/description":
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
};

/** Gives every namespace its `default` ServiceAccount, and again when it was deleted. */
export const serviceAccountLoop: Loop = ({ client, informers, log }) => {
  const loop = controller(Namespace, { name: "serviceaccount-controller", fieldManager: MANAGER, workers: 2 })
    .watches(ServiceAccount, ({ metadata }) => [{ name: metadata.namespace }], { select: { fieldSelector: `metadata.name=${ACCOUNT}` } })
    .reconcile(async (namespace, ctx) => {
      if (namespace.status?.phase !== "Active" || namespace.metadata.deletionTimestamp !== undefined) return;
      const key = { namespace: namespace.metadata.name, name: ACCOUNT };
      if (!ctx.get(ServiceAccount, key))
        await createIn(client, ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: key });
    });
  return startController(loop, { client, informers, log });
};

/** Publishes the cluster's certificate authority to every namespace. Does nothing where none is known. */
export const rootCaLoop: Loop = ({ client, informers, log, rootCa }) => {
  if (rootCa === undefined) return IDLE;
  const data = { "ca.crt": rootCa };
  const loop = controller(Namespace, { name: "root-ca-cert-publisher", fieldManager: MANAGER, workers: 2 })
    .watches(ConfigMap, ({ metadata }) => [{ name: metadata.namespace }], { select: { fieldSelector: `metadata.name=${ROOT_CA}` } })
    .reconcile(async (namespace, ctx) => {
      if (namespace.status?.phase !== "Active" || namespace.metadata.deletionTimestamp !== undefined) return;
      const key = { namespace: namespace.metadata.name, name: ROOT_CA };
      const found = ctx.get(ConfigMap, key);
      if (!found) {
        await createIn(client, ConfigMap, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { ...key, annotations: ROOT_CA_ANNOTATIONS },
          data,
        });
      } else if (found.data?.["ca.crt"] !== rootCa || Object.keys(found.data).length !== 1) {
        await ctx.patch(ConfigMap, key, difference(found, { ...found, data }));
      }
    });
  return startController(loop, { client, informers, log });
};

async function createIn<R extends Resource>(client: Client, resource: R, object: Desired<R>): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!(error instanceof AlreadyExistsError) && !refusesContent(error)) throw error;
  }
}
