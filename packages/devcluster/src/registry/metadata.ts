import { randomInt, randomUUID } from "node:crypto";
import type { KubeObject, ObjectMeta } from "@outrigger/kit/api";
import type { ServedResource } from "./contracts.ts";
import { badRequest } from "./errors.ts";

/** Now, in the precision of Kubernetes' timestamps: seconds. */
export function timestamp(now: Date = new Date()): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** Takes away what a client cannot choose on a create (`rest.WipeObjectMetaSystemFields`). */
export function wipeSystemFields(metadata: ObjectMeta): void {
  delete metadata.creationTimestamp;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.uid;
  delete metadata["selfLink"];
}

/** Gives a new object its identity. */
export function fillSystemFields(metadata: ObjectMeta): void {
  metadata.creationTimestamp = timestamp();
  metadata.uid = randomUUID();
  if (metadata.generateName && !metadata.name) metadata.name = generatedName(metadata.generateName);
}

/** Letters that make no words: `k8s.io/apimachinery/pkg/util/rand`. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** At most 58 characters of the prefix and five random ones. */
export function generatedName(prefix: string): string {
  let suffix = "";
  for (let index = 0; index < 5; index++) suffix += alphabet[randomInt(alphabet.length)];
  return `${prefix.slice(0, 58)}${suffix}`;
}

/** Sets the namespace of the path on the object, or refuses when the object names another. */
export function settleNamespace(object: KubeObject, resource: ServedResource, namespace: string): void {
  const { metadata } = object;
  if (resource.scope === "Cluster") {
    if (metadata.namespace) throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    delete metadata.namespace;
    return;
  }
  if (!metadata.namespace) metadata.namespace = namespace;
  else if (metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** Owner references count once per uid; says so to the client as Kubernetes does. */
export function dedupeOwnerReferences(metadata: ObjectMeta, warn: (text: string) => void): void {
  const references = metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const seen = new Map(references.map((reference) => [reference.uid, reference]));
  if (seen.size === references.length) return;
  metadata.ownerReferences = references.filter(({ uid }, index) => references.findIndex((one) => one.uid === uid) === index);
  warn(
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests",
  );
}

/** Restores on an update what no client can change (`rest.BeforeUpdate`). */
export function restoreSystemFields(metadata: ObjectMeta, old: ObjectMeta): void {
  if (!metadata.uid && old.uid) metadata.uid = old.uid;
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  delete metadata["selfLink"];
}
