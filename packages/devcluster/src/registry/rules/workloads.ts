import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import type { KindRules } from "./kind-rules.ts";

const withoutServerFields = ({ metadata: _metadata, status: _status, ...rest }: KubeObject): object => rest;

/** Annotations of a Deployment travel to its ReplicaSets, so a change of them is a change of generation. */
export const deployments: KindRules = {
  generationChanges: (object, old) =>
    !isDeepStrictEqual(withoutServerFields(object), withoutServerFields(old)) ||
    !isDeepStrictEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}),
  prepareForUpdate(object, old, subresource) {
    if (subresource !== "status") return;
    if (old.metadata.labels) object.metadata.labels = old.metadata.labels;
    else delete object.metadata.labels;
  },
};

export const daemonSets: KindRules = {
  prepareForCreate(object) {
    annotateGeneration(object, 1);
  },
  prepareForUpdate(object, old, subresource) {
    if (subresource !== "") return;
    const generation = Number(old.metadata.annotations?.[templateGeneration] ?? 0);
    const template = (of: KubeObject): unknown => (of["spec"] as { template?: unknown } | undefined)?.template;
    annotateGeneration(object, isDeepStrictEqual(template(object), template(old)) ? generation : generation + 1);
  },
};

const templateGeneration = "deprecated.daemonset.template.generation";

function annotateGeneration(object: KubeObject, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [templateGeneration]: String(generation) };
}

interface JobParts {
  spec: {
    manualSelector?: boolean;
    selector?: { matchLabels?: Record<string, string> };
    template: { metadata?: { labels?: Record<string, string> } };
  };
}

/** After `pkg/registry/batch/job`: the server labels the pods of a job and selects them by the job's uid. */
export const jobs: KindRules = {
  collection: "Orphan",
  deleteWarning:
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  prepareForCreate(object) {
    const { spec } = object as unknown as JobParts;
    spec.manualSelector ??= false;
    if (spec.manualSelector || !spec.template) return;
    const uid = object.metadata.uid ?? "";
    const name = object.metadata.name ?? "";
    const labels = {
      "controller-uid": uid,
      "job-name": name,
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": name,
    };
    spec.template.metadata = { ...spec.template.metadata };
    spec.template.metadata.labels = { ...labels, ...spec.template.metadata.labels };
    object.metadata.labels ??= spec.template.metadata.labels;
    spec.selector = { ...spec.selector };
    spec.selector.matchLabels = { "batch.kubernetes.io/controller-uid": uid, ...spec.selector.matchLabels };
  },
};
