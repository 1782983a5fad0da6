import { type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { same } from "./comparison.ts";
import { type Fields, object, objects, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";
import { goStruct } from "./go-struct.ts";
import { findInSelector, readSelector } from "./label-selectors.ts";

const GROUP = "rbac.authorization.k8s.io";

/** A Role, or with `cluster` a ClusterRole. */
export function findInRole(found: Findings, role: KubeObject, cluster: boolean): void {
  objects(role, "rules").forEach((rule, index) => {
    findInPolicyRule(found, rule, cluster, `rules[${index}]`);
  });
  const aggregation = object(role, "aggregationRule");
  if (!cluster || !aggregation) return;
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = objects(aggregation, "clusterRoleSelectors");
  if (selectors.length === 0) found.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  selectors.forEach((selector, index) => {
    findInSelector(found, { selector }, "selector", `${path}[${index}]`);
    if (!readSelector({ selector }, "selector")) found.invalid(`${path}[${index}]`, null, "invalid label selector.");
  });
}

function findInPolicyRule(found: Findings, rule: Fields, cluster: boolean, path: string): void {
  if (texts(rule, "verbs").length === 0) found.required(`${path}.verbs`, "verbs must contain at least one value");
  const urls = texts(rule, "nonResourceURLs");
  if (urls.length > 0) {
    if (!cluster) found.invalid(`${path}.nonResourceURLs`, urls, "namespaced rules cannot apply to non-resource URLs");
    if (["apiGroups", "resources", "resourceNames"].some((field) => texts(rule, field).length > 0)) {
      found.invalid(`${path}.nonResourceURLs`, urls, "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (texts(rule, "apiGroups").length === 0) found.required(`${path}.apiGroups`, "resource rules must supply at least one api group");
  if (texts(rule, "resources").length === 0) found.required(`${path}.resources`, "resource rules must supply at least one resource");
}

/** A RoleBinding, or with `cluster` a ClusterRoleBinding. */
export function findInRoleBinding(found: Findings, binding: KubeObject, cluster: boolean): void {
  const ref = object(binding, "roleRef");
  const kinds = cluster ? ["ClusterRole"] : ["Role", "ClusterRole"];
  const name = text(ref, "name");
  if (text(ref, "apiGroup") !== GROUP) found.notSupported("roleRef.apiGroup", text(ref, "apiGroup"), [GROUP]);
  if (!kinds.includes(text(ref, "kind"))) found.notSupported("roleRef.kind", text(ref, "kind"), kinds);
  if (name === "") found.required("roleRef.name");
  else found.invalidEach("roleRef.name", name, pathSegmentProblems(name));
  objects(binding, "subjects").forEach((subject, index) => {
    findInSubject(found, subject, cluster, `subjects[${index}]`);
  });
}

function findInSubject(found: Findings, subject: Fields, cluster: boolean, path: string): void {
  const kind = text(subject, "kind");
  const name = text(subject, "name");
  const group = text(subject, "apiGroup");
  if (name === "") found.required(`${path}.name`);
  if (kind === "ServiceAccount") {
    if (name !== "") found.invalidEach(`${path}.name`, name, subdomainName(name, false));
    if (group !== "") found.notSupported(`${path}.apiGroup`, group, [""]);
    if (cluster && text(subject, "namespace") === "") found.required(`${path}.namespace`);
  } else if (kind === "User" || kind === "Group") {
    if (group !== GROUP) found.notSupported(`${path}.apiGroup`, group, [GROUP]);
  } else found.notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"]);
}

export function findInRoleBindingUpdate(found: Findings, binding: KubeObject, old: KubeObject): void {
  if (same(binding["roleRef"], old["roleRef"])) return;
  found.invalid("roleRef", goStruct("RoleRef", object(binding, "roleRef")), "cannot change roleRef");
}

/** A SubjectAccessReview, or with `self` one about the asker. */
export function findInAccessReview(found: Findings, review: KubeObject, self: boolean): void {
  const spec = object(review, "spec") ?? {};
  const resource = object(spec, "resourceAttributes");
  const other = object(spec, "nonResourceAttributes");
  if (resource && other) found.invalid("spec.nonResourceAttributes", other, "cannot be specified in combination with resourceAttributes");
  if (!resource && !other) {
    found.invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  if (!self && text(spec, "user") === "" && texts(spec, "groups").length === 0) {
    found.invalid("spec.user", "", "at least one of user or group must be specified");
  }
}
