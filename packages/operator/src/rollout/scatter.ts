import type { PodState } from "./pod-state.ts";

type Term = { readonly key: string; readonly value: string };

/**
 * Spreads pods that a scatter term matches evenly among the others, so that those of one zone are not updated in a row; the
 * order among equals stays. Terms act one after the other, the one with more pods first, then by value; `*` stands for each value that there is.
 *
 * Within one term: the last of the matching pods comes at the very end, the other ones alternate with the rest in groups by
 * their shares; while the rest is behind its share of all pods, it goes first. Source: recorded rollouts.
 */
export function scattered(pods: readonly PodState[], all: readonly PodState[], terms: readonly Term[]): PodState[] {
  let result = [...pods];
  for (const term of counted(pods, terms)) result = spread(result, all, term);
  return result;
}

function counted(pods: readonly PodState[], terms: readonly Term[]): Term[] {
  const found = new Map<string, { term: Term; count: number }>();
  for (const { key, value } of terms)
    for (const { pod } of pods) {
      const has = pod.metadata.labels?.[key];
      if (has === undefined || (value !== "*" && value !== has)) continue;
      const id = JSON.stringify([key, has]);
      const entry = found.get(id) ?? { term: { key, value: has }, count: 0 };
      entry.count++;
      found.set(id, entry);
    }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...found.values()].sort((a, b) => b.count - a.count || order(a.term.value, b.term.value)).map(({ term }) => term);
}

function spread(pods: readonly PodState[], all: readonly PodState[], { key, value }: Term): PodState[] {
  const matches = ({ pod }: PodState): boolean => pod.metadata.labels?.[key] === value;
  const inside = pods.filter(matches);
  const outside = pods.filter((state) => !matches(state));
  if (inside.length <= 1 || outside.length <= 1) return [...pods];
  const last = inside.pop()!;
  const totalInside = all.filter(matches).length - 1;
  const totalOutside = all.length - totalInside - 1;
  // The rest is ahead of, or at, its share: alternate by what is left. Else by the shares of all, what is too much of it first.
  const ahead = totalOutside / totalInside >= outside.length / inside.length;
  const [groupInside, groupOutside] = ahead ? groupSizes(inside.length, outside.length) : groupSizes(totalInside, totalOutside);
  const groups = Math.min(Math.floor(inside.length / groupInside), Math.floor(outside.length / groupOutside));
  const surplus = ahead ? 0 : Math.max(0, outside.length - groups * groupOutside);
  const result = outside.splice(0, surplus);
  for (let group = 0; group < groups; group++) result.push(...inside.splice(0, groupInside), ...outside.splice(0, groupOutside));
  return [...result, ...inside, ...outside, last];
}

function groupSizes(inside: number, outside: number): [number, number] {
  return inside < outside ? [1, Math.round(outside / inside)] : [Math.round(inside / outside), 1];
}
