import type { KubeObject } from "@outrigger/kit/api";
import type { ClusterReader } from "../../registry/index.ts";
import { type AdmissionPlugin, refuse, specOf } from "../plugin.ts";
import { inScope } from "./scopes.ts";
import { amountText, countName, parseAmount, plus, type Usage, unnamed, usageOf } from "./usage.ts";

export interface QuotaSpec {
  readonly hard?: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: Parameters<typeof inScope>[0]["scopeSelector"];
}

const NOTHING: Usage = {};

/**
 * ResourceQuotas: refuses what would take more of a namespace than its quotas allow. After `plugin/resourcequota`.
 *
 * Guarantees
 * - What is there is counted at each request, and what was let through a moment ago counts until it is stored: two
 *   requests at once do not both take the last of it.
 */
export function resourceQuota(reader: ClusterReader): AdmissionPlugin {
  /** What was let through in this turn of the event loop, by quota; it is stored, or refused, by the next one. */
  const pending = new Map<string, Usage>();
  return {
    name: "ResourceQuota",
    validate(attributes) {
      const { object, oldObject, namespace, operation, resource } = attributes;
      if (!object || namespace === "" || attributes.subresource !== "" || operation === "DELETE" || operation === "CONNECT") return;
      const quotas = reader.list("", "resourcequotas").filter(({ metadata }) => metadata.namespace === namespace);
      if (quotas.length === 0) return;
      const { group, resource: plural } = resource;
      for (const quota of quotas) {
        const spec = specOf(quota) as QuotaSpec;
        const hard = spec.hard ?? {};
        if (!inScope(spec, group, plural, object)) continue;
        const named = Object.keys(hard);
        const name = quota.metadata.name ?? "";
        if (group === "" && plural === "pods" && operation === "CREATE") {
          const missing = unnamed(object, named);
          if (missing.length > 0)
            throw refuse(
              attributes,
              `failed quota: ${name}: must specify ${missing.map(([what, who]) => `${what} for: ${who}`).join("; ")}`,
            );
        }
        const before = operation === "UPDATE" && oldObject ? usageOf(group, plural, oldObject) : NOTHING;
        const asked = usageOf(group, plural, object);
        const more = named.filter((one) => (asked[one] ?? 0) > (before[one] ?? 0)).sort();
        if (more.length === 0) continue;
        const key = `${namespace}/${name}`;
        const used = plus(usedBy(reader, quota), pending.get(key) ?? NOTHING);
        const wanted = (one: string): number => (asked[one] ?? 0) - (before[one] ?? 0);
        const over = more.filter((one) => (used[one] ?? 0) + wanted(one) > parseAmount(one, hard[one]));
        if (over.length > 0) {
          const list = (value: (one: string) => string): string => over.map((one) => `${one}=${value(one)}`).join(",");
          throw refuse(
            attributes,
            `exceeded quota: ${name}, requested: ${list((one) => amountText(one, wanted(one), hard[one]))}, used: ${list((one) => amountText(one, used[one] ?? 0, hard[one]))}, limited: ${list((one) => hard[one]!)}`,
          );
        }
        if (attributes.dryRun) continue;
        pending.set(key, plus(pending.get(key) ?? NOTHING, Object.fromEntries(more.map((one) => [one, wanted(one)]))));
        setImmediate(() => pending.delete(key));
      }
    },
  };
}

/** What the namespace's objects take of the resources that a quota names. */
export function usedBy(reader: Pick<ClusterReader, "list">, quota: KubeObject): Usage {
  const { namespace } = quota.metadata;
  const spec = specOf(quota) as QuotaSpec;
  const names = Object.keys(spec.hard ?? {});
  let used: Usage = Object.fromEntries(names.map((name) => [name, 0]));
  for (const [group, plural] of countedBy(names)) {
    for (const object of reader.list(group, plural)) {
      if (object.metadata.namespace !== namespace || !inScope(spec, group, plural, object)) continue;
      const usage = usageOf(group, plural, object);
      used = plus(used, Object.fromEntries(names.filter((name) => usage[name] !== undefined).map((name) => [name, usage[name]!])));
    }
  }
  return used;
}

/** The resources whose objects must be looked at for these names. */
export function countedBy(names: readonly string[]): readonly (readonly [group: string, plural: string])[] {
  const found = new Map<string, readonly [string, string]>();
  const add = (group: string, plural: string): void => void found.set(countName(group, plural), [group, plural]);
  for (const name of names) {
    const [, plural, group = ""] = /^count\/([^.]+)(?:\.(.+))?$/.exec(name) ?? [];
    if (plural !== undefined) add(group, plural);
    else if (name.startsWith("services")) add("", "services");
    else if (/persistentvolumeclaims$|requests\.storage$/.test(name)) add("", "persistentvolumeclaims");
    else if (["configmaps", "secrets", "replicationcontrollers", "resourcequotas"].includes(name)) add("", name);
    else add("", "pods");
  }
  return [...found.values()];
}
