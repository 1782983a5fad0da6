// The kustomize tree, as kubebuilder's projects have it, and the all-in-one file.
import { stringify } from "yaml";
import type { Files } from "./files.ts";
import type { Part, Source } from "./names.ts";
import { manifestsOf, objectOf, operatorObjects } from "./objects.ts";

export const toYaml = (object: unknown): string => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });

const kustomization = (resources: readonly string[]): string =>
  toYaml({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources });

/** Files that are written anew each time. @param samples names of the files in `config/samples`. */
export function kustomizeTree(source: Source, samples: readonly string[]): Files {
  const files: Record<string, string> = {};
  const parts = new Map<Part, string[]>();
  for (const manifest of manifestsOf(source)) {
    if (manifest.only === "chart") continue;
    const object = objectOf(manifest, source);
    if (!object) continue;
    const { part, file } = manifest;
    files[`config/${part}/${file}.yaml`] = toYaml(object);
    parts.set(part, [...(parts.get(part) ?? []), `${file}.yaml`]);
  }
  for (const [part, own] of parts) {
    if (part === "crd/bases") files["config/crd/kustomization.yaml"] = kustomization(own.map((file) => `bases/${file}`));
    else files[`config/${part}/kustomization.yaml`] = kustomization(own);
  }
  if (samples.length > 0) files["config/samples/kustomization.yaml"] = kustomization(samples);
  files["dist/install.yaml"] = operatorObjects(source).map(toYaml).join("---\n");
  return files;
}

/** `config/default`: made once, then the owner's, for patches. */
export function defaultKustomization(source: Source): string {
  return `# What "kubectl apply -k config/default" applies. This file is yours: add patches, other resources, a namespace.\n${kustomization(
    defaultParts(source).map((part) => `../${part}`),
  )}`;
}

/** Folders that `config/default` must name. */
export function defaultParts(source: Source): string[] {
  const used = new Set(
    manifestsOf(source).flatMap((manifest) => (objectOf(manifest, source) ? [manifest.part.replace("/bases", "")] : [])),
  );
  return ["crd", "rbac", "manager", "webhook"].filter((part) => used.has(part));
}
