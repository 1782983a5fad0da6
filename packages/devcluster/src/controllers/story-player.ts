import { objectKey } from "@outrigger/kit/api";
import { type Client, type DynamicResource, dynamicResource, NotFoundError } from "@outrigger/kit/client";

type Json = Record<string, unknown>;
interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec: Json;
}
const resource = (apiVersion: string, kind: string, plural: string): DynamicResource =>
  dynamicResource(apiVersion, kind, plural, "Namespaced");

/** The resources that stories speak of, by the names that kubectl knows them by. */
export const RESOURCES: Readonly<Record<string, DynamicResource>> = {
  deploy: resource("apps/v1", "Deployment", "deployments"),
  rs: resource("apps/v1", "ReplicaSet", "replicasets"),
  sts: resource("apps/v1", "StatefulSet", "statefulsets"),
  ds: resource("apps/v1", "DaemonSet", "daemonsets"),
  job: resource("batch/v1", "Job", "jobs"),
  cronjob: resource("batch/v1", "CronJob", "cronjobs"),
  pod: resource("v1", "Pod", "pods"),
  svc: resource("v1", "Service", "services"),
  ep: resource("v1", "Endpoints", "endpoints"),
  slice: resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
  pdb: resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  quota: resource("v1", "ResourceQuota", "resourcequotas"),
  cm: resource("v1", "ConfigMap", "configmaps"),
  hpa: resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  pvc: resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  rc: resource("v1", "ReplicationController", "replicationcontrollers"),
  secret: resource("v1", "Secret", "secrets"),
  sa: resource("v1", "ServiceAccount", "serviceaccounts"),
  revision: resource("apps/v1", "ControllerRevision", "controllerrevisions"),
};
/** Volumes belong to no namespace; those of a story have its namespace's name before theirs, or a claim in it. */
export const VOLUME = dynamicResource("v1", "PersistentVolume", "persistentvolumes", "Cluster");
const ALIASES: Readonly<Record<string, string>> = { pods: "pod", configmap: "cm", endpoints: "ep" };
const named = (name: string): DynamicResource => RESOURCES[ALIASES[name] ?? name]!;

/** Does what a step of a story says, with kubectl's own requests. */
export async function play(client: Client, namespace: string, action: string | { readonly apply: Json }): Promise<void> {
  if (typeof action !== "string") {
    return apply(client, namespace, JSON.parse(JSON.stringify(action.apply).replaceAll("{ns}", namespace)) as Stored);
  }
  const words = action.split(" ");
  const target = (text: string): { of: DynamicResource; key: { namespace: string; name: string } } => {
    const [kind = "", name = ""] = text.split("/");
    return { of: named(kind), key: { namespace, name } };
  };
  if (words[1] === "rollout") {
    const { of, key } = target(words[3]!);
    if (words[2] === "undo") return undo(client, of, key);
    const patch =
      words[2] === "restart"
        ? { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() } } } } }
        : { spec: { paused: words[2] === "pause" ? true : null } };
    await client.patch(of, key, { type: "merge", patch });
  } else if (words[1] === "scale") {
    const { of, key } = target(words[2]!);
    await client.patch(
      of,
      key,
      { type: "merge", patch: { spec: { replicas: Number(words[3]!.split("=")[1]) } } },
      { subresource: "scale" },
    );
  } else if (words[1] === "set") {
    const { of, key } = target(words[3]!);
    const [name, image] = words[4]!.split("=");
    await client.patch(of, key, { type: "strategic", patch: { spec: { template: { spec: { containers: [{ name, image }] } } } } });
  } else if (words[1] === "label") {
    const [label = "", value] = words[4]!.split("=");
    await client.patch(
      named(words[2]!),
      { namespace, name: words[3]! },
      { type: "merge", patch: { metadata: { labels: { [label]: value } } } },
    );
  } else if (words[1] === "patch") {
    const patch = JSON.parse(action.slice(action.indexOf(" -p ") + 4)) as object;
    const type = /--type=(\w+)/.exec(action)![1] as "merge";
    const subresource = /--subresource=(\w+)/.exec(action)?.[1];
    await client.patch(named(words[2]!), { namespace, name: words[3]! }, { type, patch }, subresource ? { subresource } : {});
  } else if (words[2] === "provisioned") await provision(client, namespace, words[0]!);
  else if (words[1] === "delete" && words[2] === "pv") await client.delete(VOLUME, { name: words[3]!.replace("{ns}", namespace) });
  else if (words[1] === "delete") await remove(client, namespace, words.slice(2));
  else if (action === "kubectl create configmap child")
    await client.create(RESOURCES["cm"]!, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "child" } } as never);
  else if (action === "child gets the owner owner") {
    const owner = await client.get(RESOURCES["cm"]!, { namespace, name: "owner" });
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid }];
    await client.patch(RESOURCES["cm"]!, { namespace, name: "child" }, { type: "merge", patch: { metadata: { ownerReferences } } });
  } else if (words[2] === "job") {
    const cron = (await client.get(RESOURCES["cronjob"]!, { namespace, name: "c" })) as unknown as Stored;
    const { spec } = cron.spec["jobTemplate"] as { spec: object };
    const ownerReferences = [{ apiVersion: "batch/v1", kind: "CronJob", name: "c", uid: cron.metadata.uid, controller: true }];
    const metadata = { namespace, name: "manual", annotations: { "cronjob.kubernetes.io/instantiate": "manual" }, ownerReferences };
    await client.create(RESOURCES["job"]!, { apiVersion: "batch/v1", kind: "Job", metadata, spec } as never);
  }
}

/** Does what a provisioner does for a claim. */
async function provision(client: Client, namespace: string, name: string): Promise<void> {
  const claim = (await client.get(RESOURCES["pvc"]!, { namespace, name })) as unknown as Stored;
  const { uid, resourceVersion, annotations = {} } = claim.metadata;
  const { storageClassName } = claim.spec;
  await client.create(VOLUME, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: `pvc-${uid}`,
      annotations: { "pv.kubernetes.io/provisioned-by": annotations["volume.kubernetes.io/storage-provisioner"]! },
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion },
      hostPath: { path: "/tmp/x" },
      persistentVolumeReclaimPolicy: storageClassName === "fast" ? "Retain" : "Delete",
      storageClassName,
    },
  } as never);
}

async function apply(client: Client, namespace: string, object: Stored): Promise<void> {
  if (object.kind === "PersistentVolume") {
    await client.create(VOLUME, object as never);
    return;
  }
  const of = Object.values(RESOURCES).find(({ kind }) => kind === object.kind)!;
  const key = { namespace, name: object.metadata.name };
  const wanted = { ...object, metadata: { ...object.metadata, namespace } };
  if (await client.find(of, key))
    await client.patch(of, key, { type: "merge", patch: object.spec ? { spec: object.spec } : wanted } as never);
  else await client.create(of, wanted as never);
}

/** The template of the revision before the newest. */
async function undo(client: Client, of: DynamicResource, key: { namespace: string; name: string }): Promise<void> {
  const { items } = await client.list(RESOURCES["rs"]!, { namespace: key.namespace });
  const sets = items as unknown as readonly Stored[];
  const revision = ({ metadata }: Stored): number => Number(metadata.annotations?.["deployment.kubernetes.io/revision"]);
  const before = [...sets].sort((a, b) => revision(b) - revision(a))[1]!;
  const template = structuredClone(before.spec["template"]) as { metadata: { labels: Record<string, string> } };
  delete template.metadata.labels["pod-template-hash"];
  await client.patch(of, key, { type: "json", patch: [{ op: "replace", path: "/spec/template", value: template }] });
}

async function remove(client: Client, namespace: string, [kind = "", ...rest]: string[]): Promise<void> {
  const orphan = rest.includes("--cascade=orphan");
  const selector = rest[rest.indexOf("-l") + 1];
  const names = rest.includes("-l")
    ? (await client.list(named(kind), { namespace, labelSelector: selector! })).items.map((object) => objectKey(object).name)
    : rest.filter((word) => !word.startsWith("-"));
  for (const name of names) {
    try {
      await client.delete(named(kind), { namespace, name }, { propagationPolicy: orphan ? "Orphan" : "Background" });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
}
