import { ownerReference } from "@outrigger/kit/api";
import type { PodTemplate } from "../../objects/index.ts";

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
}

/** The pod that a template makes for its owner (`controller.GetPodFromTemplate`); named by the server unless `name` is given. */
export function podFromTemplate(template: PodTemplate, owner: Owner, name?: string): object {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { namespace } = owner.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(name === undefined ? { generateName: `${owner.metadata.name}-` } : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [ownerReference(owner)],
    },
    spec: template.spec ?? {},
  };
}
