import { expect, test } from "vitest";
import { allFeatures } from "../manager/index.ts";
import { configurationNames } from "./index.ts";

test("all webhook configurations are known, those too whose content follows the rules of the cluster", () => {
  const names = configurationNames().map(({ kind, name }) => `${kind}/${name}`);
  const fixed = allFeatures({ namespace: "", excludedNamespaces: [], environment: {} }).flatMap(
    ({ configurations }) => configurations?.({ url: "https://x" }) ?? [],
  );
  expect(names).toEqual(expect.arrayContaining(fixed.map(({ kind, metadata }) => `${kind}/${metadata.name}`)));
  expect(names).toContain("MutatingWebhookConfiguration/outrigger-pods");
  expect(names, "kruise's is read, and never taken away").not.toContain(
    "MutatingWebhookConfiguration/kruise-mutating-webhook-configuration",
  );
  expect(new Set(names).size).toBe(names.length);
});
