import type { Cause } from "../../api/index.ts";

type Json = Record<string, unknown>;
/** Validates a pod spec with its defaults filled in. @param path `spec`, `spec.template.spec`, … */
export function validatePodSpec(_spec: Json, _path: string): Cause[] {
  return [];
}
/** Validates ordinary containers against the volumes of their pod. @param path `spec.containers` */
export function validateContainers(_containers: readonly Json[], _volumes: readonly Json[], _path: string): Cause[] {
  return [];
}
