/**
 * The objects that make up an installation, from what the code declares: rights, definitions, flags. One tree for every form:
 * the chart's templates, the kustomize tree, one file of all objects, and what `outrigger deploy` applies.
 *
 * Guarantees
 * - Nothing here lists what the code declares elsewhere: features, definitions, rights and flags are asked for.
 * - The same values give the same objects in every form.
 */
import { certManagerManifests } from "./certificates.ts";
import { definitionManifests } from "./definitions.ts";
import type { Manifest } from "./manifest.ts";
import { rbacManifests } from "./rbac.ts";
import { uninstallManifests } from "./uninstall.ts";
import { managerManifests, monitoringManifests } from "./workload.ts";

export { evaluate, helmTemplate, type Values } from "../manifest-tree/index.ts";
export { optionalFeatures } from "./declarations.ts";
export { LABELS, type Manifest, NAMESPACE, type Part } from "./manifest.ts";
export { installation, namespaceObject } from "./objects.ts";
export { applyValues } from "./set-values.ts";
export { ValueError } from "./value-error.ts";
export { VALUES } from "./values.ts";

export function allManifests(): Manifest[] {
  return [
    ...definitionManifests(),
    ...rbacManifests(),
    ...certManagerManifests(),
    ...managerManifests(),
    ...monitoringManifests(),
    ...uninstallManifests(),
  ];
}
