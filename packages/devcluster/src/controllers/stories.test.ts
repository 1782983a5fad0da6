import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect, dynamicResource } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startKubelet } from "../kubelet/index.ts";
import { startDevcluster } from "../start.ts";
import { startControllers } from "./index.ts";
import { play, RESOURCES, VOLUME } from "./story-player.ts";

type Json = Record<string, unknown>;
interface Story {
  readonly name: string;
  readonly steps: readonly {
    readonly action: string | { readonly apply: Json };
    readonly objects: readonly Json[];
    readonly events: readonly Json[];
  }[];
}
/** What Kubernetes 1.36.3's own loops made of each story, masked. */
const stories = JSON.parse(readFileSync(new URL("./testdata/stories.json", import.meta.url), "utf8")) as readonly Story[];
const WAITING = ["FailedBinding", "WaitForFirstConsumer", "ExternalProvisioning", "ProvisioningFailed"].map(
  (reason) => `PersistentVolumeClaim/c ${reason}`,
);
/** Said at each look. */
const AUTOSCALER = ["FailedGetResourceMetric", "FailedComputeMetricsReplicas", "FailedGetScale"].map(
  (reason) => `HorizontalPodAutoscaler/h ${reason}`,
);
/** Steps that are not compared, with the reason. */
const LOOSE: Readonly<
  Record<
    string,
    { readonly events?: string; readonly generations?: string; readonly skip?: string; readonly uncounted?: readonly string[] }
  >
> = {
  "deployment surge and unavailable": { events: "which pods become ready together decides the steps", generations: "the same" },
  "job and cronjob": { uncounted: ["CronJob/c UnexpectedJob"] },
  // Kubernetes looks at waiting claims again every 15 s, and says the same each time.
  "volumes by hand": { uncounted: WAITING },
  "claim of the default class": { uncounted: WAITING },
  "claim of an immediate class": { uncounted: WAITING },
  "claim of no class that is there": { uncounted: WAITING },
  "the smallest volume that fits": { uncounted: ["PersistentVolumeClaim/s ProvisioningFailed", ...WAITING] },
  "autoscaler without metrics": { uncounted: AUTOSCALER },
  "autoscaler of nothing": { uncounted: AUTOSCALER },
  "disruption budget and quota": { skip: "ResourceQuotas are not counted yet" },
};
/** Until a step's outcome must be there, in milliseconds: long, for a machine that does other things too. */
const PATIENCE_MS = 20_000;
const signer = { secretToken: () => "token", certificate: () => "" };
const Event = dynamicResource("v1", "Event", "events", "Namespaced");
const Namespace = dynamicResource("v1", "Namespace", "namespaces", "Cluster");

/** With a kubeconfig here, the loops and the kubelet run against that server instead: a bare real one. */
const { OUTRIGGER_STORIES_KUBECONFIG: file } = process.env;
let client: Client;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = file ? undefined : await startDevcluster({ controllers: false });
  client = connect(cluster ? cluster.transport() : { file: file! }, { onWarning: () => {} });
  const loops = await startControllers(client, { loops: { localprovisioner: false }, rootCa: "ca", signer });
  const fast = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "fast" }, provisioner: "example.com/fast" };
  await client.create(dynamicResource("storage.k8s.io/v1", "StorageClass", "storageclasses", "Cluster"), fast as never);
  // As on the recorded node, Jobs do not end.
  const kubelet = await startKubelet(client, { informers: loops.informers, stages: { jobMs: 1_000_000, sandboxMs: 20, stopMs: 20 } });
  stop = async () => {
    await kubelet.stop();
    await loops.stop();
    await client.close();
    await cluster?.close();
  };
});
afterAll(async () => {
  await stop();
});

describe.concurrent("the control loops make of a story what Kubernetes' own make of it", () => {
  for (const [index, story] of stories.entries()) {
    const loose = LOOSE[story.name] ?? {};
    (loose.skip ? it.skip : it.concurrent)(story.name, { timeout: 180_000 }, async () => {
      const namespace = `story-${index}-${process.pid}`;
      await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
      let restarted = false;
      for (const step of story.steps) {
        if (step.action !== "namespace created") await play(client, namespace, step.action);
        restarted ||= step.action === "kubectl rollout restart deploy/d";
        const mask = masker(namespace, loose.generations !== undefined, restarted);
        const wantedEvents = loose.events ? [] : (step.events.map(mask) as Json[]).sort(byText);
        // Which of more than ten messages are folded into one is chance; how many there were is not.
        const folds = new Set(
          wantedEvents.filter(({ message }) => String(message).startsWith("(combined")).map(({ object, reason }) => `${object} ${reason}`),
        );
        const uncounted = (events: readonly Json[]): Json[] =>
          events.map((event) =>
            loose.uncounted?.includes(`${event["object"]} ${event["reason"]}`) ? { ...event, count: "<count>" } : event,
          );
        const expected = {
          objects: step.objects.map((object) => mask(comparable(object))).sort(byText),
          events: folded(uncounted(wantedEvents), folds).toSorted(byText),
        };
        const look = async () => {
          const { objects, events } = await present(namespace, mask, !loose.events);
          return { objects, events: folded(uncounted(events as Json[]), folds).toSorted(byText) };
        };
        let found = await look();
        for (const end = Date.now() + PATIENCE_MS; Date.now() < end && !same(found, expected); ) {
          await sleep(50);
          found = await look();
        }
        expect(found, `after ${JSON.stringify(step.action)}`).toEqual(expected);
      }
    });
  }
});

function folded(events: readonly Json[], folds: ReadonlySet<string>): readonly Json[] {
  const others = events.filter(({ object, reason }) => !folds.has(`${object} ${reason}`));
  const totals = Array.from(folds, (fold) => ({
    fold,
    count: events.filter(({ object, reason }) => `${object} ${reason}` === fold).reduce((sum, { count }) => sum + Number(count), 0),
  }));
  return [...others, ...totals];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

async function present(namespace: string, mask: (value: unknown) => unknown, withEvents: boolean) {
  const lists = await Promise.all(
    Object.values(RESOURCES)
      .filter(({ kind }) => kind !== "ServiceAccount")
      .map((resource) => client.list(resource, { namespace })),
  );
  const volumes = (await client.list(VOLUME)).items as unknown as readonly { metadata: { name: string }; spec: { claimRef?: Json } }[];
  const own = volumes.filter(({ metadata, spec }) => metadata.name.startsWith(namespace) || spec.claimRef?.["namespace"] === namespace);
  const objects = [...lists, { items: own }]
    .flatMap(({ items }) => items as unknown as readonly Json[])
    .filter(({ kind, metadata }) => kind !== "ConfigMap" || (metadata as Json)["name"] !== "kube-root-ca.crt");
  const { items } = await client.list(Event, { namespace });
  const counts = new Map<string, number>();
  for (const event of items as unknown as readonly Record<string, never>[]) {
    const { involvedObject, type, reason, message, source, reportingComponent, count } = event as never as Record<
      string,
      { kind: string; name: string; component?: string }
    > & { count?: number };
    const component = source?.component || (reportingComponent as unknown as string);
    if (component === "kubelet") continue;
    const key = JSON.stringify({ object: `${involvedObject!.kind}/${involvedObject!.name}`, type, reason, message, source: component });
    counts.set(key, (counts.get(key) ?? 0) + (count ?? 1));
  }
  const events = Array.from(counts, ([key, count]) => ({ ...(JSON.parse(key) as Json), count }));
  return {
    objects: objects.map((object) => mask(comparable(object))).sort(byText),
    events: withEvents ? events.map(mask).sort(byText) : [],
  };
}

/** What of an object is compared: of pods, what loops and node decide. */
function comparable(object: Json): Json {
  const { creationTimestamp: _c, resourceVersion: _r, managedFields: _m, ...metadata } = object["metadata"] as Json;
  // Each cluster's own.
  if (object["type"] === "kubernetes.io/service-account-token" && object["data"])
    return { ...object, metadata, data: Object.keys(object["data"]).sort() };
  if (object["kind"] !== "Pod" || !("containers" in (object["spec"] as Json))) return { ...object, metadata };
  const { nodeName, hostname, subdomain, containers } = object["spec"] as Json & { containers: { image: string }[] };
  const { phase, conditions } = object["status"] as Json & { conditions?: Json[] };
  return {
    ...object,
    metadata,
    spec: { nodeName, hostname, subdomain, images: containers.map(({ image }) => image) },
    status: { phase, conditions: (conditions ?? []).map(({ type, status, reason, message }) => ({ type, status, reason, message })) },
  };
}

/** Masks what differs from run to run, on both sides, and puts keys and unordered lists in order. */
function masker(namespace: string, generations: boolean, hashes: boolean): (value: unknown) => unknown {
  const text = (value: string): string => {
    let masked = value
      .replaceAll(namespace, "{ns}")
      .replaceAll("node-1", "devnode")
      .replace(/<uid-\d+>|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
      .replace(/<suffix-\d+>|(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])/g, "<suffix>")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
      .replace(/^10\.(0\.0|244)\.[\d.]+$/, "<ip>");
    if (hashes) masked = masked.replace(/\b[bcdfghjklmnpqrstvwxz2456789]{8,10}\b/g, "<hash>");
    return masked;
  };
  const mask = (value: unknown, key = ""): unknown => {
    if (key === "resourceVersion") return "<rv>";
    if (typeof value === "string") return text(value);
    if (key === "nodePort") return "<port>";
    if (generations && (key === "generation" || key === "observedGeneration")) return "<generation>";
    if (Array.isArray(value)) {
      const items = value.map((item) => mask(item));
      // Backends come in the order of their addresses, which are the cluster's own.
      return key === "endpoints" || key === "addresses" ? items.sort(byText) : items;
    }
    if (value === null || typeof value !== "object") return value;
    // A Service's slice is written once for all that changed meanwhile.
    if (key === "metadata" && "generateName" in value && "labels" in value && "kubernetes.io/service-name" in (value.labels as Json))
      return mask({ ...value, generation: undefined });
    const fields = Object.entries(value).filter(
      ([name, field]) =>
        field !== undefined &&
        field !== null &&
        name !== "endpoints.kubernetes.io/last-change-trigger-time" &&
        name !== "kubectl.kubernetes.io/last-applied-configuration",
    );
    const kept = fields
      .map(([name, field]) => [name, mask(field, name)] as const)
      .filter(([name, field]) => name !== "annotations" || Object.keys(field as object).length > 0);
    return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return (value) => mask(value);
}
