import { sharedValue } from "@outrigger/kit/patch";
import type { Container, EnvVar, VolumeDevice, VolumeMount } from "../pod/index.ts";
import type { CompiledContainer, CompiledTransfer } from "./compile.ts";
import { resourcesFor } from "./resources-policy.ts";

interface PodMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The container that one pod gets: the template with the app containers' mounts, devices and variables, where the set
 * asks for them. `sources` are the pod's own containers, without those that rules bring.
 *
 * Order of variables: the sidecar's own, `IS_INJECTED`, transferred ones, those that shared mounts' subPathExpr name.
 * The first of a name wins, but the sidecar's own duplicates stay.
 */
export function containerForPod(
  compiled: CompiledContainer,
  metadata: PodMetadata,
  sources: readonly Container[],
  initSources: readonly Container[],
  problems: string[],
): Container {
  const { template, shareMounts, shareDevices, transferEnv, resourcesPolicy } = compiled;
  if (!shareMounts && !shareDevices && transferEnv.length === 0 && resourcesPolicy === undefined) return template;
  const more: EnvVar[] = [];
  for (const one of transferEnv) transfer(one, compiled, metadata, sources, problems, more);
  if (!shareMounts && !shareDevices && resourcesPolicy === undefined) return withVariables(compiled, more);
  const container: Container = { ...template };
  if (shareMounts) {
    const { mounts, variables } = sharedMounts(compiled.mounts, compiled.devices, sources);
    if (mounts.length > 0) container.volumeMounts = mounts;
    for (const variable of variables) take(variable, compiled, more);
  }
  if (shareDevices) {
    const devices = sharedDevices(compiled.devices, container.volumeMounts ?? [], sources);
    if (devices.length > 0) container.volumeDevices = devices;
  }
  if (resourcesPolicy !== undefined) container["resources"] = resourcesFor(resourcesPolicy, sources, initSources);
  container.env = [...compiled.env, ...more];
  return container;
}

/** Takes a variable unless there is one of its name. */
function take(variable: EnvVar, { env }: CompiledContainer, more: EnvVar[]): void {
  if (lastNamed(env, variable.name) === undefined && lastNamed(more, variable.name) === undefined) more.push(variable);
}

/** Written out, here and below: a pod is decided on in so little time that what a closure leaves to collect shows. */
function lastNamed(variables: readonly EnvVar[] | undefined, name: string): EnvVar | undefined {
  for (let index = (variables?.length ?? 0) - 1; index >= 0; index--) if (variables![index]!.name === name) return variables![index];
  return undefined;
}

const VARIANTS_KEPT = 32;
const variants = new WeakMap<CompiledContainer, Map<string, Container>>();

/** Pods of one workload transfer the same values: they share one container, as those do that transfer nothing. */
function withVariables(compiled: CompiledContainer, more: readonly EnvVar[]): Container {
  let key = "";
  for (const variable of more) key += variableKey(variable);
  const known = variants.get(compiled) ?? new Map<string, Container>();
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size === 0) variants.set(compiled, known);
  else if (known.size === VARIANTS_KEPT) known.clear();
  // Copied: what a pod brought is not ours to freeze.
  const container = sharedValue({ ...compiled.template, env: [...compiled.env, ...structuredClone(more)] });
  known.set(key, container);
  return container;
}

/** No two variables have the same, and none's is the beginning of another's. */
function variableKey(variable: EnvVar): string {
  const { name, value } = variable;
  const plain = typeof value === "string" && Object.keys(variable).length === 2;
  return plain ? `${name.length}:${name}${value.length}:${value}` : JSON.stringify(variable);
}

/** Mounts of the sources whose path is free; variables that their subPathExpr name, also those of mounts whose path is not. */
function sharedMounts(
  own: readonly VolumeMount[],
  ownDevices: readonly VolumeDevice[],
  sources: readonly Container[],
): { mounts: VolumeMount[]; variables: EnvVar[] } {
  const mounts = [...own];
  const paths = new Set([...own.map((mount) => mount.mountPath), ...ownDevices.map((device) => device.devicePath)]);
  const variables: EnvVar[] = [];
  for (const source of sources) {
    if (!source.volumeMounts) continue;
    for (const mount of source.volumeMounts) {
      if (!paths.has(mount.mountPath)) {
        paths.add(mount.mountPath);
        mounts.push(mount);
      }
      for (const name of referredVariables(mount.subPathExpr)) {
        const variable = source.env?.find((one) => one.name === name);
        if (variable !== undefined) variables.push(variable);
      }
    }
  }
  return { mounts, variables };
}

function sharedDevices(own: readonly VolumeDevice[], mounts: readonly VolumeMount[], sources: readonly Container[]): VolumeDevice[] {
  const devices = [...own];
  const paths = new Set([...own.map((device) => device.devicePath), ...mounts.map((mount) => mount.mountPath)]);
  for (const source of sources) {
    if (!source.volumeDevices) continue;
    for (const device of source.volumeDevices) {
      if (paths.has(device.devicePath)) continue;
      paths.add(device.devicePath);
      devices.push(device);
    }
  }
  return devices;
}

/** Names in `$(NAME)`, where `NAME` can be a variable's. Source: kruise's SubPathExprEnvReg, which knows no escaped dollar. */
export function referredVariables(expression: string | undefined): string[] {
  if (expression === undefined) return [];
  return [...expression.matchAll(/\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)/g)].map(([, name]) => name!);
}

/** Takes one transferEnv's variables, sorted by name; a variable written twice in the source gives its last value. */
function transfer(
  { from, names }: CompiledTransfer,
  compiled: CompiledContainer,
  metadata: PodMetadata,
  sources: readonly Container[],
  problems: string[],
  more: EnvVar[],
): void {
  const sourceName = typeof from === "object" ? textAt(metadata[from.metadata], from.key) : from;
  for (const source of sources) {
    if (source.name !== sourceName) continue;
    for (const name of names) {
      const variable = lastNamed(source.env, name);
      if (variable === undefined) problems.push(`${compiled.name}: container ${JSON.stringify(source.name)} has no variable ${name}`);
      else take(variable, compiled, more);
    }
    return;
  }
  problems.push(`${compiled.name}: no container ${JSON.stringify(sourceName ?? "")} to take ${names.join(", ")} from`);
}

function textAt(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
