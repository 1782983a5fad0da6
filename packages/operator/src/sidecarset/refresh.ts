import type { Container, EnvVar } from "../pod/index.ts";

/**
 * An injected container brought up to date with what the set wants now; the very same object when it is already.
 *
 * While the set's hash is the one that the container was injected with, what others have added since (Kubernetes'
 * defaults, the service account's token, another webhook's variables) stays: only what is missing or different is
 * mended. After a change of the set the container is replaced, as kruise does.
 */
export function refreshed(existing: Container, wanted: Container, sameHash: boolean): Container {
  if (covers(existing, wanted)) return existing;
  if (!sameHash) return wanted;
  const merged: Container = { ...existing };
  for (const [field, value] of Object.entries(wanted)) {
    if (field === "env") merged.env = upsert(existing.env ?? [], wanted.env ?? [], (variable) => variable.name);
    else if (field === "volumeMounts")
      merged.volumeMounts = upsert(existing.volumeMounts ?? [], wanted.volumeMounts ?? [], (mount) => mount.mountPath);
    else if (field === "volumeDevices")
      merged.volumeDevices = upsert(existing.volumeDevices ?? [], wanted.volumeDevices ?? [], (device) => device.devicePath);
    else if (!covers(existing[field], value)) merged[field] = value;
  }
  return covers(existing, merged) ? existing : merged;
}

/** Every wanted entry, in its order, each as it stands where it is covered; then what only the container has. */
function upsert<T extends EnvVar | object>(existing: readonly T[], wanted: readonly T[], key: (item: T) => string): T[] {
  const taken = new Set<T>();
  const result = existing.map((item) => {
    const want = wanted.find((candidate) => !taken.has(candidate) && key(candidate) === key(item));
    if (want === undefined) return item;
    taken.add(want);
    return covers(item, want) ? item : want;
  });
  return [...result, ...wanted.filter((item) => !taken.has(item))];
}

/** Whether `existing` says at least what `wanted` says: defaults that the API server filled in do not count as a difference. */
export function covers(existing: unknown, wanted: unknown): boolean {
  if (existing === wanted) return true;
  if (wanted === undefined || wanted === null) return true;
  if (Array.isArray(wanted)) {
    if (wanted.length === 0) return existing === undefined || (Array.isArray(existing) && existing.length === 0);
    return Array.isArray(existing) && existing.length === wanted.length && wanted.every((item, index) => covers(existing[index], item));
  }
  if (typeof wanted === "object") {
    const entries = Object.entries(wanted);
    if (entries.length === 0) return existing === undefined || (typeof existing === "object" && existing !== null);
    if (typeof existing !== "object" || existing === null) return false;
    return entries.every(([field, value]) => covers((existing as Record<string, unknown>)[field], value));
  }
  return wanted === "" && existing === undefined;
}
