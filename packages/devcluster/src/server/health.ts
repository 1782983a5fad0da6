import type { ApiResponse } from "./request.ts";
import { text } from "./respond.ts";

/** Checks that a real server names; ours are one process and live together. */
const checks = ["ping", "log", "etcd", "poststarthook/rbac/bootstrap-roles", "poststarthook/scheduling/bootstrap-system-priority-classes"];

/** `/healthz`, `/livez`, `/readyz`, each with `?verbose`, `?exclude=` and a path per check. */
export function health(path: string, query: URLSearchParams): ApiResponse | undefined {
  const [, endpoint = "", ...rest] = path.split("/");
  if (endpoint !== "healthz" && endpoint !== "livez" && endpoint !== "readyz") return undefined;
  const names = endpoint === "readyz" ? [...checks, "shutdown"] : checks;
  if (rest.length > 0) return names.includes(rest.join("/")) ? text(200, "ok") : undefined;
  if (!query.has("verbose")) return text(200, "ok");
  return text(200, `${names.map((name) => `[+]${name} ok\n`).join("")}${endpoint} check passed\n`);
}
