import type { Client } from "@outrigger/kit/client";
import type { PolicyRule } from "@outrigger/kit/controller";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@outrigger/kit/kinds";
import { eventually } from "./eventually.ts";

/** Rights of a user: what `managerRules` of the kit gives for an operator. */
export interface RestrictedRules {
  /** For the whole cluster. */
  readonly cluster: readonly PolicyRule[];
  /** For one namespace, see `RestrictedOptions`. */
  readonly namespace?: readonly PolicyRule[];
}

/** Whose rights the restricted client has. */
export interface RestrictedOptions {
  /** Where `RestrictedRules.namespace` holds. Default `default`. */
  readonly namespace?: string;
  /** The user's name. Default: a name that nobody has. */
  readonly user?: string;
}

const RBAC = "rbac.authorization.k8s.io";
const apiVersion = `${RBAC}/v1` as const;

/**
 * Gives a user exactly these rights, and resolves when the API server knows them.
 *
 * @param client an administrator's.
 * @param as makes a client of the user.
 * @returns what takes the roles away again.
 */
export async function grant(
  client: Client,
  as: (user: string) => Client,
  rules: RestrictedRules,
  { user, namespace }: Required<RestrictedOptions>,
): Promise<() => Promise<void>> {
  const name = user.replaceAll(/[^a-z0-9.-]/g, "-");
  const subjects = [{ kind: "User", apiGroup: RBAC, name: user }];
  const roleRef = (kind: string) => ({ apiGroup: RBAC, kind, name });
  await client.create(ClusterRole, { apiVersion, kind: "ClusterRole", metadata: { name }, rules: mutable(rules.cluster) });
  await client.create(ClusterRoleBinding, {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: roleRef("ClusterRole"),
    subjects,
  });
  if (rules.namespace?.length) {
    const metadata = { name, namespace };
    await client.create(Role, { apiVersion, kind: "Role", metadata, rules: mutable(rules.namespace) });
    await client.create(RoleBinding, { apiVersion, kind: "RoleBinding", metadata, roleRef: roleRef("Role"), subjects });
  }
  // The authorizer follows the roles by a watch.
  for (const [some, where] of [[rules.cluster], [rules.namespace ?? [], namespace]] as const) {
    const last = some.at(-1);
    if (last) await eventually(() => allowed(as(user), last, where));
  }
  return async () => {
    for (const [kind, key] of [
      [ClusterRoleBinding, { name }],
      [ClusterRole, { name }],
      ...(rules.namespace?.length
        ? ([
            [RoleBinding, { name, namespace }],
            [Role, { name, namespace }],
          ] as const)
        : []),
    ] as const)
      if (await client.find(kind, key)) await client.delete(kind, key);
  };
}

async function allowed(client: Client, rule: PolicyRule, namespace: string | undefined): Promise<boolean> {
  const [group] = rule.apiGroups;
  const [resource, subresource] = rule.resources[0]!.split("/");
  const resourceAttributes = {
    ...{ group, resource, verb: rule.verbs[0] },
    ...(subresource ? { subresource } : {}),
    ...(rule.resourceNames?.length ? { name: rule.resourceNames[0] } : {}),
    ...(namespace ? { namespace } : {}),
  };
  const review = JSON.stringify({ apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } });
  const answer = await client.request({ method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: review });
  return (answer as { status: { allowed: boolean } }).status.allowed;
}

function mutable(rules: readonly PolicyRule[]) {
  return rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
    ...{ apiGroups: [...apiGroups], resources: [...resources], verbs: [...verbs] },
    ...(resourceNames ? { resourceNames: [...resourceNames] } : {}),
  }));
}
