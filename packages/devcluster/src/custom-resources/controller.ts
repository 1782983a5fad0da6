import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import {
  approvalOf,
  type CustomResourceDefinition,
  type DefinitionCondition,
  definitionCondition,
  withDefinitionCondition,
} from "@outrigger/machinery/kinds";
import { convertByWebhook, type WebhookCaller } from "../admission/index.ts";
import type { Caller, RegistryParts, Resources, Target } from "../registry/index.ts";
import { deleteObject, tableOf, timestamp, trackFields, updateObject } from "../registry/index.ts";
import type { StoreEvent } from "../store/index.ts";
import { judgeNames } from "./names.ts";
import { crdServed } from "./served.ts";
import type { Convert } from "./strategy.ts";

export interface CustomResourcesOptions {
  readonly parts: RegistryParts;
  readonly resources: Resources;
  readonly streams: { end(resource: string): void };
  readonly webhooks: WebhookCaller;
}

const group = "apiextensions.k8s.io";
const plural = "customresourcedefinitions";
const cleanup = "customresourcecleanup.apiextensions.k8s.io";
const writeOptions = { dryRun: false, fieldManager: "", fieldValidation: "Ignore", force: false, sent: {} } as const;

/** Follows the definitions in the store, and serves what they define. */
export function customResources({ parts, resources, streams, webhooks }: CustomResourcesOptions): { stop(): void } {
  const table = tableOf(parts.store, group, plural);
  const stopped = new AbortController();
  const caller: Caller = {
    user: { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] },
    userAgent: "kube-apiserver/v1.36.3",
    warn: () => {},
    allowed: () => {},
    signal: stopped.signal,
  };
  const waiting = new Set<string>();
  /** By definition: how to stop waiting for the last of its objects. */
  const emptying = new Map<string, () => void>();

  const target = (name: string, subresource: string): Target => ({
    resource: resources.find(group, "v1", plural)!,
    namespace: "",
    name,
    subresource,
  });

  function later(name: string): void {
    if (waiting.has(name) || stopped.signal.aborted) return;
    waiting.add(name);
    setImmediate(() => {
      waiting.delete(name);
      reconcile(name).catch(() => {
        // Somebody else wrote in between too often: again, after them.
        if (!stopped.signal.aborted) setTimeout(() => later(name), 50).unref();
      });
    });
  }

  async function reconcile(name: string): Promise<void> {
    const definition = table.get("", name)?.object as CustomResourceDefinition | undefined;
    if (stopped.signal.aborted || !definition) return;
    if (definition.metadata.deletionTimestamp) return clearUp(definition);
    const all = table.list().map((entry) => entry.object as CustomResourceDefinition);
    const verdict = judgeNames(definition, all);
    const wasEstablished = definitionCondition(definition, "Established")?.status === "True";
    const first = !wasEstablished && verdict.established.status === "True";
    const installing = { type: "Established", status: "False", reason: "Installing", message: verdict.established.message ?? "" } as const;
    if (first && definitionCondition(definition, "Established")?.reason !== "Installing") {
      await setStatus(name, [verdict.namesAccepted, installing], verdict.accepted);
    }
    const approval = approvalOf(definition);
    await setStatus(name, [...(approval ? [approval] : []), verdict.namesAccepted, verdict.established], verdict.accepted);
    if (first)
      for (const other of all)
        if (other.metadata.name !== name && other.spec.group === definition.spec.group) later(other.metadata.name ?? "");
  }

  async function setStatus(
    name: string,
    set: readonly Omit<DefinitionCondition, "lastTransitionTime">[],
    acceptedNames: unknown,
  ): Promise<void> {
    const to = target(name, "status");
    await updateObject(
      parts,
      to,
      caller,
      (current) => {
        const object = structuredClone(current!) as CustomResourceDefinition;
        let conditions: DefinitionCondition[] = object.status?.conditions ?? [];
        for (const condition of set) conditions = withDefinitionCondition(conditions, condition, timestamp());
        object.status = { ...object.status, conditions, ...(acceptedNames ? { acceptedNames: acceptedNames as never } : {}) };
        if (!isDeepStrictEqual(object, current)) trackFields(to, current, object, caller, writeOptions);
        return object;
      },
      writeOptions,
    );
  }

  /** Deletes the objects of a definition that goes, waits for those that finalizers keep, and lets it go. */
  async function clearUp(definition: CustomResourceDefinition): Promise<void> {
    const name = definition.metadata.name ?? "";
    if (!definition.metadata.finalizers?.includes(cleanup)) return;
    const { group: own, names } = definition.spec;
    const objects = tableOf(parts.store, own, names.plural);
    const resource = resources.all().find((one) => one.custom && one.group === own && one.plural === names.plural);
    if (resource && objects.size > 0) {
      const inProgress = {
        type: "Terminating",
        status: "True",
        reason: "InstanceDeletionInProgress",
        message: "CustomResource deletion is in progress",
      } as const;
      await setStatus(name, [inProgress], undefined);
      for (const entry of objects.list()) {
        if (entry.object.metadata.deletionTimestamp) continue;
        const at = { resource, namespace: entry.namespace, name: entry.name, subresource: "" };
        await deleteObject(parts, at, caller, { dryRun: false, sent: {} });
      }
    }
    if (objects.size > 0) {
      if (!emptying.has(name))
        emptying.set(
          name,
          objects.watch((event) => event.deleted && objects.size === 0 && later(name)),
        );
      return;
    }
    emptying.get(name)?.();
    emptying.delete(name);
    await updateObject(
      parts,
      target(name, ""),
      caller,
      (current) => {
        const object = structuredClone(current!);
        object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== cleanup);
        return object;
      },
      writeOptions,
    );
  }

  function offer(definition: CustomResourceDefinition, deleted = false): void {
    const established = !deleted && definitionCondition(definition, "Established")?.status === "True";
    resources.setCustom(definition.metadata.name ?? "", established ? crdServed(definition, converter(definition, webhooks)) : []);
  }

  /** Serves an established definition as it is now; ends watches when what they see changed. */
  function serve(event: StoreEvent): void {
    const definition = event.entry.object as CustomResourceDefinition;
    const name = definition.metadata.name ?? "";
    const before = event.previous?.object as CustomResourceDefinition | undefined;
    const same =
      before && !event.deleted && isDeepStrictEqual(before.spec, definition.spec) && isDeepStrictEqual(before.status, definition.status);
    if (!same) offer(definition, event.deleted);
    const ends = event.deleted || (before && !isDeepStrictEqual(before.spec, definition.spec));
    if (ends) streams.end(`${definition.spec.group}/${definition.spec.names.plural}`);
    if (event.deleted) for (const other of table.list()) later(other.name);
    else later(name);
  }

  const unwatch = table.watch(serve);
  // Definitions of an earlier start, whose clearing up may have been interrupted.
  for (const entry of table.list()) {
    offer(entry.object as CustomResourceDefinition);
    later(entry.name);
  }
  return {
    stop() {
      stopped.abort();
      unwatch();
      for (const end of emptying.values()) end();
    },
  };
}

/** How a definition's objects change versions: by its webhook, or by name alone. */
function converter(definition: CustomResourceDefinition, webhooks: WebhookCaller): Convert {
  const { conversion } = definition.spec;
  if (conversion?.strategy === "Webhook" && conversion.webhook) {
    const { clientConfig, conversionReviewVersions } = conversion.webhook;
    return (objects, apiVersion) =>
      convertByWebhook(webhooks, { clientConfig: clientConfig as never, conversionReviewVersions }, objects, apiVersion);
  }
  return async (objects, apiVersion) => objects.map((object): KubeObject => ({ ...object, apiVersion }));
}
