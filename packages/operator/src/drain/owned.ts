import { type DynamicResource, dynamicResource } from "@outrigger/kit/client";
import { featureRules } from "../feature/index.ts";
import { allFeatures } from "../manager/index.ts";

/** Finalizers of our controllers begin so. */
export const FINALIZER_PREFIX = "outrigger.dev/";
/** What the manager makes for itself in its namespace. */
export const CERTIFICATE_SECRETS = ["outrigger-webhook-ca", "outrigger-webhook-tls"];

const NOWHERE = { url: "https://localhost" };
const features = () => allFeatures({ namespace: "", excludedNamespaces: [], environment: {} });

/** A definition of ours, and the resource by which its objects are read. */
export interface OwnDefinition {
  readonly name: string;
  readonly resource: DynamicResource;
  /** Its versions are converted by our webhook. */
  readonly converts: boolean;
}

/** Definitions of all features, those that are off too. */
export function definitionsOf(): readonly OwnDefinition[] {
  return features().flatMap(({ definitions }) =>
    (definitions?.(NOWHERE) ?? []).map((definition): OwnDefinition => {
      const { group, names, scope, versions, conversion } = definition["spec"] as unknown as DefinitionSpec;
      const version = versions.find(({ storage }) => storage)?.name ?? "";
      return {
        name: definition.metadata.name ?? "",
        resource: dynamicResource(`${group}/${version}`, names.kind, names.plural, scope),
        converts: conversion?.strategy === "Webhook",
      };
    }),
  );
}

interface DefinitionSpec {
  readonly group: string;
  readonly names: { readonly kind: string; readonly plural: string };
  readonly scope: "Namespaced" | "Cluster";
  readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
  readonly conversion?: { readonly strategy: string };
}

const KINDS: Readonly<Record<string, string>> = {
  mutatingwebhookconfigurations: "MutatingWebhookConfiguration",
  validatingwebhookconfigurations: "ValidatingWebhookConfiguration",
};

export interface OwnConfiguration {
  readonly kind: string;
  readonly name: string;
  /** It has entries whatever is in the cluster. */
  readonly fixed: boolean;
}

/**
 * Webhook configurations of all features, those that depend on what is in the cluster too: a feature declares the right to write
 * each by its name.
 */
export function configurationNames(): readonly OwnConfiguration[] {
  const all = features();
  const fixed = new Set(
    all.flatMap(({ configurations }) => (configurations?.(NOWHERE) ?? []).map(({ kind, metadata }) => `${kind}/${metadata.name ?? ""}`)),
  );
  // Those of others are only read.
  const found = featureRules(all).flatMap(({ resources, resourceNames = [], verbs }) =>
    resources.flatMap((resource) =>
      KINDS[resource] === undefined || !verbs.includes("patch") ? [] : resourceNames.map((name) => `${KINDS[resource]}/${name}`),
    ),
  );
  return [...new Set(found)].sort().map((key) => {
    const [kind = "", name = ""] = key.split("/");
    return { kind, name, fixed: fixed.has(key) };
  });
}
