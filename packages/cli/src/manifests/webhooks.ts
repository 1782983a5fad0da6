// The configurations by which API servers call the operator's webhooks. The operator itself keeps them in force, and adds the
// authority of its certificate.
import { isResourceWebhook, webhookConfigurations } from "@outrigger/kit/webhook";
import type { Node } from "@outrigger/operator/manifest-tree";
import { labelsOf, type Manifest, namesOf, namespaceOf, type Source } from "./names.ts";

/** Stands for the namespace until it is known. */
const NAMESPACE = "outrigger-namespace-of-the-operator";

export function webhookManifests({ operator: { name, webhooks } }: Source): Manifest[] {
  const ofKinds = webhooks.filter(isResourceWebhook);
  const target = { service: { namespace: NAMESPACE, name: namesOf(name).webhook } };
  return webhookConfigurations(ofKinds, { name, target, excludedNamespaces: [NAMESPACE] }).map((configuration) => {
    const { metadata, ...rest } = JSON.parse(JSON.stringify(configuration)) as { metadata: { name: string } } & Record<string, Node>;
    return {
      part: "webhook",
      file: configuration.kind === "MutatingWebhookConfiguration" ? "mutating" : "validating",
      node: withNamespace({ ...rest, metadata: { ...metadata, labels: labelsOf(name) } } as Node, name),
    };
  });
}

function withNamespace(node: Node, name: string): Node {
  if (node === NAMESPACE) return namespaceOf(name);
  if (Array.isArray(node)) return (node as readonly Node[]).map((one) => withNamespace(one, name));
  if (typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node as Record<string, Node>).map(([key, child]) => [key, withNamespace(child, name)]));
}
