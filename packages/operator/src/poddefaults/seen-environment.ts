import { type Pod, readInjectionRecord } from "../pod/index.ts";
import type { DefaultEntry, PodDefaults } from "./pod-defaults.ts";
import { PROXIES, type ValueSources } from "./values.ts";

/**
 * The manager's environment as far as a pod shows it: the values that the pod's record says PodDefaults took from there. Outside
 * the manager nobody can know them otherwise, so these values cannot be verified; all else in the record can.
 *
 * @param known values for the variables that the pod does not show
 */
export function environmentSeenIn(
  pod: Pod,
  podDefaults: readonly PodDefaults[],
  known: ValueSources["environment"],
): ValueSources["environment"] {
  const environment = { ...known };
  const { labels, annotations } = pod.metadata;
  const variables = new Map([...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(({ env = [] }) => env.map(pair)));
  const records = new Map(readInjectionRecord(pod).map((entry) => [entry.rule, entry]));
  for (const { metadata, spec } of podDefaults) {
    const record = records.get(`PodDefaults/${metadata.name}`);
    if (record === undefined) continue;
    const take = (
      entries: readonly DefaultEntry[] = [],
      claimed: readonly string[] = [],
      value: (key: string) => string | undefined,
    ): void => {
      for (const { name, valueFrom } of entries) {
        const found = valueFrom?.environment !== undefined && claimed.includes(name) ? value(name) : undefined;
        if (found !== undefined) environment[valueFrom!.environment!] = found;
      }
    };
    take(spec.labels, record.labels, (key) => labels?.[key]);
    take(spec.annotations, record.annotations, (key) => annotations?.[key]);
    const proxies = spec.proxies === true ? PROXIES.map((name) => ({ name, valueFrom: { environment: name } })) : [];
    take([...(spec.env ?? []), ...proxies], record.env, (name) => variables.get(name));
  }
  return environment;
}

function pair({ name, value }: { readonly name: string; readonly value?: unknown }): readonly [string, string | undefined] {
  return [name, typeof value === "string" ? value : undefined];
}
