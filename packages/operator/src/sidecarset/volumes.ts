import type { Cause } from "@outrigger/kit/api";
import { type Container, type Draft, nameClash, otherVolumeName, sameVolume, type Volume } from "../pod/index.ts";
import type { CompiledContainer, CompiledSidecarSet } from "./compile.ts";
import { VOLUMES_ANNOTATION } from "./names.ts";

/**
 * Gives the pod the volumes that a sidecar mounts.
 *
 * Where the pod has a volume of that name, it wins, as in kruise: its users share log volumes that way. A different
 * content is a problem of the rule, said in the pod's record. A set with `outrigger.dev/volumes: own` gets a volume of
 * its own instead: under another name, with its mounts, unless the volume is the set's already and nobody else mounts it.
 *
 * @returns the container with its mounts by the volumes' names in this pod; `causes` where a name of its own is taken too
 */
export function placeVolumes(
  draft: Draft,
  container: Container,
  compiled: CompiledContainer,
  set: CompiledSidecarSet,
  problems: string[],
): { readonly container: Container; readonly causes: readonly Cause[] } {
  if (set.volumes.size === 0) return { container, causes: [] };
  const causes: Cause[] = [];
  const renamed = new Map<string, string>();
  const place = (name: string): void => {
    const volume = set.volumes.get(name);
    if (volume === undefined || renamed.has(name)) return;
    const there = draft.volume(name);
    if (there === undefined) draft.addVolume(volume);
    else if (set.ownVolumes) {
      if (isOwn(draft, there, volume, set)) return;
      const other = { ...volume, name: otherVolumeName(set.name, name) };
      renamed.set(name, other.name);
      const taken = draft.volume(other.name);
      if (taken === undefined) draft.addVolume(other);
      else if (!isOwn(draft, taken, other, set)) causes.push(clash(other.name, set));
    } else if (there !== volume && !sameVolume(there, volume))
      problems.push(
        `volume ${name}: the pod has another of this name, which ${compiled.name} gets; ${VOLUMES_ANNOTATION}: own on the SidecarSet gives it its own`,
      );
  };
  for (const { name } of container.volumeMounts ?? []) place(name);
  for (const { name } of container.volumeDevices ?? []) place(name);
  return { container: renamed.size === 0 ? container : withVolumes(container, compiled, renamed), causes };
}

/** Only the set's own mounts are renamed: those that it shares with the pod's containers are the pod's. */
function withVolumes(container: Container, { mounts, devices }: CompiledContainer, renamed: ReadonlyMap<string, string>): Container {
  const rename = <T extends { readonly name: string }>(items: readonly T[] | undefined, own: number): { list?: readonly T[] } =>
    items === undefined
      ? {}
      : { list: items.map((item, index) => (index < own ? { ...item, name: renamed.get(item.name) ?? item.name } : item)) };
  const { list: volumeMounts } = rename(container.volumeMounts, mounts.length);
  const { list: volumeDevices } = rename(container.volumeDevices, devices.length);
  return {
    ...container,
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
    ...(volumeDevices === undefined ? {} : { volumeDevices }),
  };
}

/** Whether a volume of the pod is the set's own from an earlier call: it has the content, and only the set's sidecars mount it. */
function isOwn(draft: Draft, there: Volume, wanted: Volume, set: CompiledSidecarSet): boolean {
  if (there !== wanted && !sameVolume(there, wanted)) return false;
  const own = new Set(sidecarNames(set));
  const containers = [...draft.containers.own, ...draft.initContainers.own];
  return !containers.some(
    (container) =>
      !own.has(container.name) &&
      [...(container.volumeMounts ?? []), ...(container.volumeDevices ?? [])].some(({ name }) => name === there.name),
  );
}

/** Names of the containers that a set brings into a pod. */
export function sidecarNames(set: CompiledSidecarSet): readonly string[] {
  let names = namesOf.get(set);
  if (names === undefined) {
    names = [...set.containers, ...set.initContainers].flatMap(({ name, hotUpgradeEmptyImage }) =>
      hotUpgradeEmptyImage === undefined ? [name] : [`${name}-1`, `${name}-2`],
    );
    namesOf.set(set, names);
  }
  return names;
}

/** Cache: asked for in each decision, and the same for every pod. */
const namesOf = new WeakMap<CompiledSidecarSet, readonly string[]>();

function clash(name: string, set: CompiledSidecarSet): Cause {
  return nameClash(
    "spec.volumes",
    name,
    `the pod's volume ${JSON.stringify(name)}`,
    `the own volume of SidecarSet ${JSON.stringify(set.name)}`,
    "rename the pod's",
  );
}
