import { isDeepStrictEqual } from "node:util";
import type { SetRevision, SidecarContainer, SidecarSet, SidecarSetSpec } from "../sidecarset/index.ts";
import type { Choice } from "./choose.ts";
import { carriedRevision, type PodState } from "./pod-state.ts";

/** What keeps pods from being updated in place, by the revisions that they carry. */
export function changedPods({ waiting }: Choice, set: SidecarSet, revisions: readonly SetRevision[]): ReadonlyMap<PodState, string> {
  const texts = new Map<SetRevision | undefined, string>();
  const changed = new Map<PodState, string>();
  for (const { state, why } of waiting) {
    if (why !== "NotUpgradable") continue;
    const revision = carriedRevision(state, revisions);
    let text = texts.get(revision);
    if (text === undefined) {
      const before = revision?.data?.spec;
      const field = before === undefined ? undefined : changedField(before, set.spec);
      text = field ?? "the containers changed beyond their images";
      texts.set(revision, text);
    }
    changed.set(state, text);
  }
  return changed;
}

/**
 * What differs between two versions of a set's containers beside images, as a path of the first difference for people:
 * `containers[agent].env`. Nothing where only images differ.
 *
 * @param before the containers of a revision; absent lists may be null
 */
export function changedField(
  before: { readonly containers?: unknown; readonly initContainers?: unknown },
  now: SidecarSetSpec,
): string | undefined {
  return (
    changedList("containers", list(before.containers), now.containers ?? []) ??
    changedList("initContainers", list(before.initContainers), now.initContainers ?? [])
  );
}

function changedList(path: string, before: readonly SidecarContainer[], now: readonly SidecarContainer[]): string | undefined {
  const names = (containers: readonly SidecarContainer[]): string[] => containers.map(({ name }) => name);
  const added = now.find(({ name }) => !names(before).includes(name));
  if (added !== undefined) return `${path}[${added.name}] was added`;
  const removed = before.find(({ name }) => !names(now).includes(name));
  if (removed !== undefined) return `${path}[${removed.name}] was removed`;
  for (const container of now) {
    const old = before.find(({ name }) => name === container.name)!;
    for (const field of new Set([...Object.keys(old), ...Object.keys(container)]))
      if (field !== "image" && !isDeepStrictEqual(old[field], container[field])) return `${path}[${container.name}].${field} changed`;
  }
  return isDeepStrictEqual(names(before), names(now)) ? undefined : `the order of ${path} changed`;
}

function list(value: unknown): readonly SidecarContainer[] {
  return Array.isArray(value) ? (value as SidecarContainer[]) : [];
}
