import { evaluate } from "@outrigger/operator/manifest-tree";
import { definitionManifests } from "./definitions.ts";
import { deploymentManifests } from "./deployment.ts";
import type { Manifest, Source } from "./names.ts";
import { rbacManifests } from "./rbac.ts";
import { uninstallManifests } from "./uninstall.ts";
import { webhookManifests } from "./webhooks.ts";

export interface PlainObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Everything that an operator is installed with, in the order in which it is applied. */
export function manifestsOf(source: Source): Manifest[] {
  const [namespace, ...rest] = deploymentManifests(source);
  return [
    ...(namespace ? [namespace] : []),
    ...definitionManifests(source),
    ...rbacManifests(source),
    ...rest,
    ...webhookManifests(source),
    ...uninstallManifests(source),
  ];
}

/** One manifest as an object; `undefined` where the values leave it out. */
export function objectOf({ node }: Manifest, { values }: Source): PlainObject | undefined {
  const object = evaluate(node, values) as PlainObject | undefined;
  if (!object) return undefined;
  const { metadata } = object as { readonly metadata: { readonly annotations?: object } };
  if (metadata.annotations && Object.keys(metadata.annotations).length === 0) delete (metadata as { annotations?: object }).annotations;
  return object;
}

/** The objects as they are applied to a cluster without Helm. */
export function operatorObjects(source: Source): PlainObject[] {
  return manifestsOf(source).flatMap((manifest) => (manifest.only === "chart" ? [] : (objectOf(manifest, source) ?? [])));
}
