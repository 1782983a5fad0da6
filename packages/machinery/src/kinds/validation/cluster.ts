import { type KubeObject, qualifiedNameProblems } from "@outrigger/kit/api";
import { addressBlock, INVALID_CIDR } from "./addresses.ts";
import { readQuantity } from "./amounts.ts";
import { same } from "./comparison.ts";
import { type Fields, object, objects, text, textEntries, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { goDiff } from "./go-struct.ts";
import { quantityOf, resourceName } from "./resources.ts";
import { findInTaints } from "./scheduling.ts";
import { findInClaimSpec } from "./volume-claims.ts";

const STANDARD_FINALIZERS = ["kubernetes", "orphan", "foregroundDeletion"];

/** @param indexed Whether paths carry the place in the list: they do when a namespace is finalized. */
export function findInNamespaceFinalizers(found: Findings, namespace: KubeObject, indexed: boolean): void {
  for (const [index, finalizer] of texts(object(namespace, "spec"), "finalizers").entries()) {
    const path = indexed ? `spec.finalizers[${index}]` : "spec.finalizers";
    found.invalidEach(path, finalizer, qualifiedNameProblems(finalizer));
    if (!finalizer.includes("/") && !STANDARD_FINALIZERS.includes(finalizer)) {
      found.invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }
  }
}

export function findInNode(found: Findings, node: KubeObject): void {
  findInTaints(found, object(node, "spec"), "metadata.taints");
  findInNodeResources(found, node);
  const blocks = texts(object(node, "spec"), "podCIDRs");
  const families = blocks.map((block) => addressBlock(block)?.length);
  families.forEach((family, index) => {
    if (family === undefined) found.invalid(`spec.podCIDRs[${index}]`, blocks[index], INVALID_CIDR);
  });
  if (!families.includes(undefined) && new Set(families).size < families.length) {
    found.invalid("spec.podCIDRs", blocks, "may specify no more than one CIDR for each IP family");
  }
}

function findInNodeResources(found: Findings, node: KubeObject): void {
  for (const field of ["capacity", "allocatable"]) {
    for (const [name, amount] of textEntries(object(node, "status"), field)) {
      const path = `status.${field}.${name}`;
      resourceName(found, name, path);
      quantityOf(found, name, readQuantity(found, amount, path), path);
    }
  }
}

export function findInNodeUpdate(found: Findings, node: KubeObject, old: KubeObject): void {
  const spec = object(node, "spec");
  const before = object(old, "spec");
  findInNodeResources(found, node);
  const seen: unknown[] = [];
  objects(object(node, "status"), "addresses").forEach((address, index) => {
    if (seen.some((other) => same(other, address))) {
      found.duplicate(`status.addresses[${index}]`, { Type: text(address, "type"), Address: text(address, "address") });
    }
    seen.push(address);
  });
  const blocks = texts(before, "podCIDRs");
  if (blocks.length > 0 && !same(texts(spec, "podCIDRs"), blocks)) {
    found.forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid');
  }
  const provider = text(before, "providerID");
  if (provider !== "" && provider !== text(spec, "providerID")) {
    found.forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid');
  }
  findInTaints(found, spec, "metadata.taints");
  if (text(spec, "externalID") !== text(before, "externalID")) found.forbidden("spec.externalID", "may not be updated");
}

export function findInClaim(found: Findings, claim: KubeObject): void {
  findInClaimSpec(found, object(claim, "spec") ?? {}, "spec");
}

/** A claim may be bound to a volume once; a bound one may grow. */
export function findInClaimUpdate(found: Findings, claim: KubeObject, old: KubeObject): void {
  const spec = object(claim, "spec") ?? {};
  const before = object(old, "spec") ?? {};
  const bound = text(object(claim, "status"), "phase") === "Bound";
  const expected = text(before, "volumeName") === "" ? { ...before, volumeName: spec["volumeName"] } : before;
  const storage = (each: Fields) => object(object(each, "resources"), "requests")?.["storage"];
  const munged: Record<string, unknown> = { ...spec };
  if (bound) {
    const resources = object(spec, "resources");
    munged["resources"] = { ...resources, requests: { ...object(resources, "requests"), storage: storage(before) } };
    munged["volumeAttributesClassName"] = before["volumeAttributesClassName"];
  }
  if (!same(munged, expected)) {
    const what = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    found.forbidden("spec", `${what}\n${goDiff("PersistentVolumeClaimSpec", expected, munged)}`);
  }
  const capacity = object(object(old, "status"), "capacity")?.["storage"];
  const read = (value: unknown) => readQuantity(found, value, "spec.resources.requests.storage");
  if (read(storage(spec)).cmp(read(storage(before))) < 0 && read(storage(spec)).cmp(read(capacity)) <= 0) {
    found.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
  }
  if (!same(spec["volumeMode"], before["volumeMode"])) found.invalid("volumeMode", spec["volumeMode"], "field is immutable");
}
