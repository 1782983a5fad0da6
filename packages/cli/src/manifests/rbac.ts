// Who may do what: the operator exactly what its code declares, people what view and edit mean for its kinds.
import { mergeRules, type PolicyRule, REVIEW_RULES } from "@outrigger/kit/controller";
import { managerRules } from "@outrigger/kit/manager";
import { type Node, ruleNodes, truthy, when } from "@outrigger/operator/manifest-tree";
import { labelsOf, type Manifest, namesOf, namespaceOf, type Source } from "./names.ts";

const API = "rbac.authorization.k8s.io/v1";
const GROUP = "rbac.authorization.k8s.io";

export function rbacManifests({ operator: { name, kinds, controllers, webhooks } }: Source): Manifest[] {
  const names = namesOf(name);
  const labels = labelsOf(name);
  const namespace = namespaceOf(name);
  const subjects: Node = [{ kind: "ServiceAccount", name: names.manager, namespace }];
  const clusterRole = (role: string, rules: readonly PolicyRule[], more: { readonly [label: string]: Node } = {}): Node => ({
    apiVersion: API,
    kind: "ClusterRole",
    metadata: { name: role, labels: { ...labels, ...more } },
    rules: ruleNodes(rules),
  });
  const clusterBinding = (role: string): Node => ({
    apiVersion: API,
    kind: "ClusterRoleBinding",
    metadata: { name: role, labels },
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name: role },
    subjects,
  });
  const manifest = (file: string, node: Node): Manifest => ({ part: "rbac", file, node });
  const metrics = truthy("metrics.enabled");
  const rights = managerRules({ name, controllers, webhooks, leaderElection: {} });
  const rules = rights.cluster;
  return [
    manifest("service_account", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: names.manager, namespace, labels },
      automountServiceAccountToken: true,
    }),
    ...(rules.length > 0 ? [manifest("role", clusterRole(names.role, rules)), manifest("role_binding", clusterBinding(names.role))] : []),
    manifest("leader_election_role", {
      apiVersion: API,
      kind: "Role",
      metadata: { name: names.leaderRole, namespace, labels },
      rules: ruleNodes(rights.namespace),
    }),
    manifest("leader_election_role_binding", {
      apiVersion: API,
      kind: "RoleBinding",
      metadata: { name: names.leaderRole, namespace, labels },
      roleRef: { apiGroup: GROUP, kind: "Role", name: names.leaderRole },
      subjects,
    }),
    manifest("metrics_auth_role", when(metrics, clusterRole(`${name}-metrics-auth-role`, REVIEW_RULES))),
    manifest("metrics_auth_role_binding", when(metrics, clusterBinding(`${name}-metrics-auth-role`))),
    manifest(
      "metrics_reader_role",
      when(metrics, {
        apiVersion: API,
        kind: "ClusterRole",
        metadata: { name: names.metricsReader, labels },
        rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
      }),
    ),
    ...(kinds.length > 0 ? people() : []),
  ];

  /** Roles that Kubernetes adds to its own of these names. */
  function people(): Manifest[] {
    const on = (verbs: readonly string[]): PolicyRule[] =>
      mergeRules(kinds.map(({ apiVersion, plural }) => ({ apiGroups: [apiVersion.split("/")[0] ?? ""], resources: [plural], verbs })));
    const to = (...roles: readonly string[]) => Object.fromEntries(roles.map((role) => [`${GROUP}/aggregate-to-${role}`, "true"]));
    return [
      manifest("viewer_role", clusterRole(`${name}-viewer-role`, on(["get", "list", "watch"]), to("view"))),
      manifest(
        "editor_role",
        clusterRole(`${name}-editor-role`, on(["create", "update", "patch", "delete", "deletecollection"]), to("edit", "admin")),
      ),
    ];
  }
}
