// What `helm uninstall` runs before it deletes anything: the program `drain`, with rights of its own.
import { drainNamespaceRules, drainRules } from "../drain/index.ts";
import { block, Expression, type Node, preDeleteHook, ruleNodes, text, truthy, when } from "../manifest-tree/index.ts";
import { PROGRAMS } from "../programs/index.ts";
import { clusterWide, LABELS, MANAGER, type Manifest, namespace, namespaced } from "./manifest.ts";
import { image } from "./workload.ts";

const NAME = "outrigger-drain";
const API = "rbac.authorization.k8s.io/v1";
const SECONDS = 90;

export function uninstallManifests(): Manifest[] {
  const subjects: Node = [{ kind: "ServiceAccount", name: NAME, namespace }];
  const roleRef = (kind: string): Node => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: NAME });
  const inNamespace = namespaced(NAME, { annotations: preDeleteHook(-5) });
  const inCluster = clusterWide(NAME, { annotations: preDeleteHook(-5) });
  const objects: readonly (readonly [string, Node])[] = [
    ["serviceaccount", { apiVersion: "v1", kind: "ServiceAccount", metadata: inNamespace }],
    ["clusterrole", { apiVersion: API, kind: "ClusterRole", metadata: inCluster, rules: ruleNodes(drainRules()) }],
    ["clusterrolebinding", { apiVersion: API, kind: "ClusterRoleBinding", metadata: inCluster, roleRef: roleRef("ClusterRole"), subjects }],
    ["role", { apiVersion: API, kind: "Role", metadata: inNamespace, rules: ruleNodes(drainNamespaceRules(MANAGER)) }],
    ["rolebinding", { apiVersion: API, kind: "RoleBinding", metadata: inNamespace, roleRef: roleRef("Role"), subjects }],
    ["job", job()],
  ];
  return objects.map(([file, node]) => ({ part: "uninstall", file, node: when(truthy("uninstall.drain"), node), chartOnly: true }));
}

function job(): Node {
  const flags = PROGRAMS["drain"]!.flags;
  const definitions = new Expression('ternary "keep" "delete" (or .Values.crds.keep (not .Values.crds.install))', () => "keep");
  if (!("deployment" in flags) || !("definitions" in flags)) throw new Error("the program drain has other flags now");
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: namespaced(NAME, { annotations: preDeleteHook(0) }),
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: SECONDS,
      template: {
        metadata: { labels: { "app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": LABELS["app.kubernetes.io/part-of"] } },
        spec: {
          serviceAccountName: NAME,
          restartPolicy: "Never",
          imagePullSecrets: block("image.pullSecrets"),
          nodeSelector: block("nodeSelector"),
          tolerations: block("tolerations"),
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "drain",
              image,
              imagePullPolicy: text("image.pullPolicy"),
              args: [
                "drain",
                `--deployment=${MANAGER}`,
                new Expression(`printf "--definitions=%s" (${definitions.helm}) | quote`, () => ""),
              ],
              env: [{ name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
              resources: { requests: { cpu: "20m", memory: "96Mi" }, limits: { memory: "256Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
        },
      },
    },
  };
}
