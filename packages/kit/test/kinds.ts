import { builtIn, type Desired } from "../src/api/index.ts";

interface Body<K extends string> {
  apiVersion?: "v1";
  kind?: K;
  metadata?: object;
  data?: Record<string, string>;
  status?: { count: number };
}
/** As the test's API server has it: with a status, which the real one lacks. */
export const ConfigMap = builtIn<Body<"ConfigMap">>()("v1", "ConfigMap", "configmaps", "Namespaced");
export const Secret = builtIn<Body<"Secret">>()("v1", "Secret", "secrets", "Namespaced");

export function secret(name: string, data: Record<string, string> = {}): Desired<typeof Secret> {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
}
