import type { KubeObject } from "@outrigger/kit/api";
import { type Admission, type AdmissionAttributes, type ClusterReader, forbidden, type UserInfo } from "../registry/index.ts";
import { type Authorizer, covers, type PolicyRule } from "./authorize.ts";

const group = "rbac.authorization.k8s.io";
const roles: ReadonlySet<string> = new Set(["roles", "clusterroles"]);
const bindings: ReadonlySet<string> = new Set(["rolebindings", "clusterrolebindings"]);

/**
 * Nobody gives away what they do not hold: a write of a role or a binding needs all that it grants, or the verb
 * `escalate` on the role, `bind` on the role that is bound (`pkg/registry/rbac`).
 */
export function withoutEscalation(chain: Admission, authorizer: Authorizer, reader: ClusterReader): Admission {
  return {
    mutate: (attributes) => chain.mutate(attributes),
    async validate(attributes) {
      if (
        attributes.resource.group === group &&
        attributes.object &&
        (attributes.operation === "CREATE" || attributes.operation === "UPDATE")
      ) {
        refuseEscalation(attributes, attributes.object, authorizer, reader);
      }
      await chain.validate(attributes);
    },
  };
}

function refuseEscalation(attributes: AdmissionAttributes, object: KubeObject, authorizer: Authorizer, reader: ClusterReader): void {
  const { resource, namespace, userInfo, name, oldObject } = attributes;
  const may = (verb: string, plural: string, named: string): boolean =>
    authorizer.allows(userInfo, {
      verb,
      isResource: true,
      group,
      version: "v1",
      resource: plural,
      subresource: "",
      namespace,
      name: named,
      path: "",
    });
  let granted: readonly PolicyRule[] = [];
  if (roles.has(resource.resource)) {
    granted = (object["rules"] ?? []) as PolicyRule[];
    if (oldObject && JSON.stringify(oldObject["rules"]) === JSON.stringify(granted)) return;
    if (may("escalate", resource.resource, name)) return;
  } else if (bindings.has(resource.resource)) {
    const { kind, name: role } = object["roleRef"] as { kind: string; name: string };
    const plural = kind === "ClusterRole" ? "clusterroles" : "roles";
    if (may("bind", plural, role)) return;
    const found = reader.get(group, plural, plural === "roles" ? { namespace, name: role } : { name: role });
    granted = (found?.["rules"] ?? []) as PolicyRule[];
  }
  const held = authorizer.rulesFor(userInfo, namespace);
  const missing = granted.flatMap(breakDown).filter((one) => !heldBy(one, held));
  if (missing.length > 0) throw forbidden({ group, plural: resource.resource }, name, refusal(userInfo, missing));
}

/** One verb on one thing. */
interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly url: string;
}

function breakDown({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): Permission[] {
  const names = resourceNames.length > 0 ? resourceNames : [""];
  return verbs.flatMap((verb) => [
    ...apiGroups.flatMap((one) => resources.flatMap((resource) => names.map((name) => ({ verb, group: one, resource, name, url: "" })))),
    ...nonResourceURLs.map((url) => ({ verb, group: "", resource: "", name: "", url })),
  ]);
}

function heldBy({ verb, group: of, resource, name, url }: Permission, held: readonly PolicyRule[]): boolean {
  const slash = resource.indexOf("/");
  const plain = slash < 0 ? resource : resource.slice(0, slash);
  const subresource = slash < 0 ? "" : resource.slice(slash + 1);
  return held.some((rule) =>
    covers(rule, { verb, isResource: url === "", group: of, version: "", resource: plain, subresource, namespace: "", name, path: url }),
  );
}

function refusal({ username, groups }: UserInfo, missing: readonly Permission[]): string {
  const verbs = new Map<string, string[]>();
  for (const { verb, group: of, resource, name, url } of missing) {
    const what =
      url !== ""
        ? `NonResourceURLs:${list([url])}`
        : `APIGroups:${list([of])}, Resources:${list([resource])}${name === "" ? "" : `, ResourceNames:${list([name])}`}`;
    verbs.set(what, [...(verbs.get(what) ?? []), verb]);
  }
  const lines = [...verbs].map(([what, of]) => `{${what}, Verbs:${list([...new Set(of)])}}`).sort();
  return `user ${JSON.stringify(username)} (groups=${list(groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}`;
}

/** `["a" "b"]`, as Go prints lists of texts. */
function list(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
}
