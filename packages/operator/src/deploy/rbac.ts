// Who may do what: the manager exactly what its code declares, people what view and edit mean for our kinds.
import { type PolicyRule, REVIEW_RULES } from "@outrigger/kit/controller";
import { certificateRules, OWN_SIGNER } from "../certificates/index.ts";
import { SECRETS, secretRules } from "../manager/index.ts";
import { block, both, type Condition, contains, type Node, ruleNodes, text, truthy, when } from "../manifest-tree/index.ts";
import { OWN_CERTIFICATE, OWN_SIGNS, REQUESTED } from "./certificates.ts";
import { clusterRules, namespaceRules, namespaceRulesOf, optionalFeatures, rulesOf } from "./declarations.ts";
import { ownKinds } from "./definitions.ts";
import { clusterWide, LABELS, MANAGER, type Manifest, METRICS_SERVICE, namespace, namespaced } from "./manifest.ts";

const API = "rbac.authorization.k8s.io/v1";
const subjects: Node = [{ kind: "ServiceAccount", name: MANAGER, namespace }];

export function rbacManifests(): Manifest[] {
  return [
    {
      part: "rbac",
      file: "serviceaccount",
      node: { apiVersion: "v1", kind: "ServiceAccount", metadata: namespaced(MANAGER), automountServiceAccountToken: true },
    },
    ...bound("ClusterRole", MANAGER, ruleNodes(clusterRules)),
    ...optionalFeatures.flatMap((feature) =>
      bound("ClusterRole", `${MANAGER}-${feature.name}`, ruleNodes(rulesOf(feature)), contains("features", feature.name)),
    ),
    ...bound("ClusterRole", `${MANAGER}-metrics`, ruleNodes(REVIEW_RULES), truthy("metrics.enabled")),
    ...bound("ClusterRole", `${MANAGER}-certificates`, requestRules(), REQUESTED),
    ...bound("Role", MANAGER, ownRules()),
    ...optionalFeatures.flatMap((feature) => {
      const rules = namespaceRulesOf(feature);
      const more = feature.name === "pod-logs" ? [namedSecrets] : [];
      const under = contains("features", feature.name);
      return rules.length === 0 ? [] : bound("Role", `${MANAGER}-${feature.name}`, [...ruleNodes(rules), ...more], under);
    }),
    rbac(
      "clusterrole-outrigger-metrics-reader",
      when(truthy("metrics.enabled"), {
        apiVersion: API,
        kind: "ClusterRole",
        metadata: clusterWide(`${METRICS_SERVICE}-reader`),
        rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
      }),
    ),
    rbac(
      "clusterrolebinding-outrigger-metrics-reader",
      when(both(truthy("metrics.enabled"), truthy("metrics.readers")), {
        apiVersion: API,
        kind: "ClusterRoleBinding",
        metadata: clusterWide(`${METRICS_SERVICE}-reader`),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `${METRICS_SERVICE}-reader` },
        subjects: block("metrics.readers"),
      }),
    ),
    people("view", ["get", "list", "watch"], { view: true }),
    people("edit", ["create", "update", "patch", "delete", "deletecollection"], { edit: true, admin: true }),
  ];
}

/** Secrets with credentials of buckets, beside the one whose name is known. */
const namedSecrets: Node = when(truthy("logs.credentialsSecrets"), {
  apiGroups: [""],
  resources: ["secrets"],
  resourceNames: block("logs.credentialsSecrets"),
  verbs: ["get"],
});

/** In its namespace: the Secrets of its certificate where it makes that, and of its authority where it signs. */
function ownRules(): Node {
  const under = (condition: Condition, rules: readonly PolicyRule[]): Node[] => ruleNodes(rules).map((rule) => when(condition, rule));
  return [...under(OWN_CERTIFICATE, secretRules(SECRETS)), ...under(OWN_SIGNS, secretRules([SECRETS[1]])), ...ruleNodes(namespaceRules)];
}

/** To request its certificate; to approve that, and to sign it, where the values say so. */
function requestRules(): Node {
  const { request, approve, sign } = certificateRules(OWN_SIGNER);
  const approves = truthy("webhook.certificates.csr.approve");
  const forSigner = (rule: PolicyRule): Node => {
    const [node] = ruleNodes([rule]) as readonly { readonly [key: string]: Node }[];
    return rule.resourceNames ? { ...node, resourceNames: [text("webhook.certificates.csr.signerName")] } : node!;
  };
  return [
    ...request.map(forSigner),
    ...approve.map((rule) => when(approves, forSigner(rule))),
    ...sign.map((rule) => when(OWN_SIGNS, forSigner(rule))),
  ];
}

/** A role of the manager, cluster-wide or in its own namespace, and its binding. */
function bound(kind: "ClusterRole" | "Role", name: string, rules: Node, condition?: Condition): Manifest[] {
  const metadata = kind === "Role" ? namespaced(name) : clusterWide(name);
  const manifest = (of: string, more: { readonly [key: string]: Node }): Manifest => {
    const node = { apiVersion: API, kind: of, metadata, ...more };
    return rbac(`${of.toLowerCase()}-${name}`, condition ? when(condition, node) : node);
  };
  return [
    manifest(kind, { rules }),
    manifest(`${kind}Binding`, { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name }, subjects }),
  ];
}

/**
 * A role that Kubernetes adds to its own of this name. NetworkFaults are not in `edit`: whoever may edit a namespace does not
 * get to disturb its network with that; `deploy/network-fault` has a role for it.
 */
function people(name: "view" | "edit", verbs: readonly string[], to: Readonly<Record<string, true>>): Manifest {
  const kinds = ownKinds().filter(({ plural }) => name === "view" || plural !== "networkfaults");
  const groups = Map.groupBy(kinds, ({ group }) => group);
  const aggregated = Object.fromEntries(
    Object.keys(to).map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, when(truthy("rbac.aggregate"), "true")]),
  );
  return rbac(`clusterrole-outrigger-${name}`, {
    apiVersion: API,
    kind: "ClusterRole",
    metadata: { name: `outrigger-${name}`, labels: { ...LABELS, ...aggregated } },
    rules: [...groups].map(([group, some]) => ({ apiGroups: [group], resources: some.map(({ plural }) => plural).sort(), verbs })),
  });
}

function rbac(file: string, node: Node): Manifest {
  return { part: "rbac", file, node };
}
