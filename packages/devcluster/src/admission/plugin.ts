import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes } from "../registry/index.ts";
import { forbidden, type StatusError } from "../registry/index.ts";

/**
 * One step of the chain. `admit` may replace `attributes.object` (and copies what it changes: the object may share
 * parts with what is stored); `validate` only looks. Both refuse by throwing a `StatusError`.
 */
export interface AdmissionPlugin {
  /** Kubernetes' own name of it, as `--enable-admission-plugins` takes it. */
  readonly name: string;
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** A 403 about the object at hand; one that has no name yet is called by its generateName. */
export function refuse(attributes: AdmissionAttributes, why: string, causes?: Parameters<typeof forbidden>[3]): StatusError {
  const { name, generateName } = attributes.object?.metadata ?? {};
  const called = attributes.name || name || generateName || "Unknown";
  return forbidden({ group: attributes.resource.group, plural: attributes.resource.resource }, called, why, causes);
}

/** Whether this is about objects of a resource themselves, not about one of their subresources. */
export function concerns(attributes: AdmissionAttributes, group: string, plural: string): boolean {
  return attributes.resource.resource === plural && attributes.resource.group === group && attributes.subresource === "";
}

/** The object's spec, or an empty one. */
export function specOf(object: KubeObject): Record<string, unknown> {
  return (object["spec"] as Record<string, unknown> | undefined) ?? {};
}

/** The object with some fields of its spec replaced. */
export function withSpec(object: KubeObject, fields: Record<string, unknown>): KubeObject {
  return { ...object, spec: { ...specOf(object), ...fields } };
}
