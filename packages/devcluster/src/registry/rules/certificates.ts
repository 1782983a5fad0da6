import type { KubeObject } from "@outrigger/kit/api";
import type { KindRules } from "./kind-rules.ts";

interface Condition {
  type: string;
  lastUpdateTime?: string | null;
  lastTransitionTime?: string | null;
}
interface RequestParts {
  spec: Record<string, unknown>;
  status?: { conditions?: Condition[]; certificate?: string };
}
const parts = (object: KubeObject): RequestParts => object as unknown as RequestParts;

/** After `pkg/registry/certificates/certificates`: who asks is what authentication says, the decision has its own path. */
export const certificateSigningRequests: KindRules = {
  prepareForCreate(object, { user }) {
    const { username: _username, uid: _uid, groups: _groups, extra: _extra, ...spec } = parts(object).spec;
    object["spec"] = {
      ...spec,
      ...(user.uid ? { uid: user.uid } : {}),
      username: user.username,
      groups: [...user.groups],
      ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
    };
    object["status"] = {};
  },

  prepareForUpdate(object, old, subresource) {
    const request = parts(object);
    object["spec"] = old["spec"];
    if (subresource === "") {
      object["status"] = old["status"];
      return;
    }
    const decisions = (of: KubeObject): Condition[] =>
      (parts(of).status?.conditions ?? []).filter(({ type }) => type === "Approved" || type === "Denied");
    const others = (of: KubeObject): Condition[] =>
      (parts(of).status?.conditions ?? []).filter(({ type }) => type !== "Approved" && type !== "Denied");
    stamp(request.status?.conditions, parts(old).status?.conditions);
    const conditions = request.status?.conditions;
    if (subresource === "approval") request.status = { ...parts(old).status, ...(conditions ? { conditions } : {}) };
    else if (subresource === "status") request.status = { ...request.status, conditions: [...decisions(old), ...others(object)] };
    if (request.status?.conditions?.length === 0) delete request.status.conditions;
  },
};

function stamp(conditions: Condition[] | undefined, before: Condition[] = []): void {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  for (const condition of conditions ?? []) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??= before.find(({ type }) => type === condition.type)?.lastTransitionTime ?? now;
  }
}
