import type { Volume } from "../pod/index.ts";
import { goVolume } from "./go-json.ts";

type Json = Record<string, unknown>;

/**
 * Volumes as kruise's webhook stores them: some of Kubernetes' defaults, and every field as Go writes it. They are part of
 * a revision's data, and with it of the revision's name; the API server fills in the rest in each pod.
 *
 * Source: kruise apis/apps/defaults, SetDefaultPodVolumes.
 */
export function defaultVolumes(volumes: readonly Volume[]): Volume[] {
  return volumes.map((given) => {
    const volume = goVolume(given);
    if (Object.keys(volume).every((field) => field === "name")) volume["emptyDir"] = {};
    fill(volume["hostPath"], { type: "" });
    for (const source of ["secret", "configMap", "downwardAPI", "projected"]) fill(volume[source], { defaultMode: 0o644 });
    nameVersions(volume["downwardAPI"]);
    for (const source of list((volume["projected"] as Json | undefined)?.["sources"])) {
      nameVersions(source["downwardAPI"]);
      fill(source["serviceAccountToken"], { expirationSeconds: 3600 });
    }
    return goVolume(volume);
  });
}

/** The items of a downward API source name v1 as the version of their fields. */
function nameVersions(source: unknown): void {
  for (const item of list((source as Json | undefined)?.["items"])) fill(item["fieldRef"], { apiVersion: "v1" });
}

function fill(object: unknown, defaults: Json): void {
  if (typeof object !== "object" || object === null) return;
  for (const [field, value] of Object.entries(defaults)) if ((object as Json)[field] === undefined) (object as Json)[field] = value;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
