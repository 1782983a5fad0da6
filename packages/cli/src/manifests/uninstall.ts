// What `helm uninstall` runs before it deletes anything: the operator's own image with the argument `drain`, and rights of its own.
import { drainRules, mustDrain } from "@outrigger/kit/manager";
import { block, Expression, type Node, preDeleteHook, ruleNodes, truthy, when } from "@outrigger/operator/manifest-tree";
import { CONFINED, image, POD_CONFINED, pullPolicy } from "./deployment.ts";
import { deploymentOf, labelsOf, type Manifest, namesOf, namespaceOf, type Source } from "./names.ts";

const API = "rbac.authorization.k8s.io/v1";
const GROUP = "rbac.authorization.k8s.io";
/** Longer than the operator may take to clean up, and to stop. */
const SECONDS = 90;
const DELETES = { helm: "not (or .Values.crds.keep (not .Values.crds.install))", test: () => false };

export function uninstallManifests({ operator }: Source): Manifest[] {
  if (!mustDrain(operator)) return [];
  const { name } = operator;
  const drain = namesOf(name).drain;
  const inCluster = { name: drain, labels: labelsOf(name), annotations: preDeleteHook(-5) };
  const inNamespace = { ...inCluster, namespace: namespaceOf(name) };
  const subjects: Node = [{ kind: "ServiceAccount", name: drain, namespace: namespaceOf(name) }];
  const roleRef = (kind: string): Node => ({ apiGroup: GROUP, kind, name: drain });
  const deployment = deploymentOf(name);
  const kept = drainRules({ ...operator, objects: "keep", deployment });
  const deleted = drainRules({ name, kinds: operator.kinds, objects: "delete" });
  const rules: Node = [...ruleNodes(kept.cluster), ...ruleNodes(deleted.cluster).map((rule) => when(DELETES, rule))];
  const objects: readonly (readonly [string, Node])[] = [
    ["service_account", { apiVersion: "v1", kind: "ServiceAccount", metadata: inNamespace }],
    ["role", { apiVersion: API, kind: "ClusterRole", metadata: inCluster, rules }],
    ["role_binding", { apiVersion: API, kind: "ClusterRoleBinding", metadata: inCluster, roleRef: roleRef("ClusterRole"), subjects }],
    ["namespace_role", { apiVersion: API, kind: "Role", metadata: inNamespace, rules: ruleNodes(kept.namespace) }],
    ["namespace_role_binding", { apiVersion: API, kind: "RoleBinding", metadata: inNamespace, roleRef: roleRef("Role"), subjects }],
    ["job", job(name)],
  ];
  return objects.map(([file, node]) => ({ part: "uninstall", file, only: "chart", node: when(truthy("uninstall.drain"), node) }));
}

function job(name: string): Node {
  const { drain } = namesOf(name);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: drain, namespace: namespaceOf(name), labels: labelsOf(name), annotations: preDeleteHook(0) },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: SECONDS,
      template: {
        metadata: { labels: { "app.kubernetes.io/name": drain } },
        spec: {
          serviceAccountName: drain,
          restartPolicy: "Never",
          imagePullSecrets: block("image.pullSecrets"),
          nodeSelector: block("nodeSelector"),
          tolerations: block("tolerations"),
          securityContext: POD_CONFINED,
          containers: [
            {
              name: "drain",
              image,
              imagePullPolicy: pullPolicy,
              args: ["drain", new Expression(`ternary "delete" "keep" (${DELETES.helm})`, () => "keep")],
              env: [{ name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
              resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
              securityContext: CONFINED,
            },
          ],
        },
      },
    },
  };
}
