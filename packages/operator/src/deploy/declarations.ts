// What the manager's code declares, as the manifests need it: nothing here is a list of its own.
import type { KubeObject } from "@outrigger/kit/api";
import type { PolicyRule } from "@outrigger/kit/controller";
import { type Feature, featureRules } from "../feature/index.ts";
import { allFeatures, commonNamespaceRules, featureNamespaceRules } from "../manager/index.ts";
import { NAMESPACE, WEBHOOK_SERVICE } from "./manifest.ts";

const features = allFeatures({ namespace: NAMESPACE, excludedNamespaces: [], environment: {} });
const always = features.filter(({ optional }) => !optional);
/** Features that are off unless somebody names them. */
export const optionalFeatures: readonly Feature[] = features.filter(({ optional }) => optional);

/** Cluster-wide rights of the manager without optional features. */
export const clusterRules: readonly PolicyRule[] = featureRules(always, optionalFeatures);
/** What a feature needs beside these. */
export const rulesOf = (feature: Feature): readonly PolicyRule[] => featureRules([feature]);
/** Rights in the manager's own namespace without optional features and those for its certificate, and what a feature needs beside these. */
export const namespaceRules: readonly PolicyRule[] = commonNamespaceRules(always);
export const namespaceRulesOf = (feature: Feature): readonly PolicyRule[] => featureNamespaceRules([feature]);

/** The definitions that are always there, and those of an optional feature; their conversion calls our Service. */
export const definitionsOf = (some: readonly Feature[]): readonly KubeObject[] =>
  some.flatMap(({ definitions }) => definitions?.({ service: { namespace: NAMESPACE, name: WEBHOOK_SERVICE } }) ?? []);
export const definitions: readonly KubeObject[] = definitionsOf(always);
/** Every definition, for the rights of users. */
export const allDefinitions: readonly KubeObject[] = definitionsOf(features);
