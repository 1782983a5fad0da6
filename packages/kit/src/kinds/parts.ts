// Parts of Kubernetes' own kinds by name, for schemas of one's own: the schema and the static type come from the table of kinds.
import type { TUnsafe } from "typebox";
import type { KubernetesParts } from "../kubernetes/index.ts";
import { t as plain, type SchemaBuilder, type SchemaOptions, type TSchema } from "../schema/index.ts";
import { structuralDefinition } from "./structural.ts";

/** `t`, and what needs the table of Kubernetes' own kinds. */
export interface KubernetesSchemaBuilder extends SchemaBuilder {
  /**
   * A part of Kubernetes' own kinds, whole, as the API server describes it: `t.Kubernetes("core/v1", "ServicePort")`. What the API
   * server checks beyond its schema (that a port is below 65536) is checked when the part is written to the cluster.
   */
  Kubernetes<G extends keyof KubernetesParts, P extends keyof KubernetesParts[G] & string>(
    group: G,
    part: P,
    options?: SchemaOptions,
  ): TUnsafe<KubernetesParts[G][P]>;
}

/** Builds the schemas of an API type: `t.Object({ replicas: t.Integer({ minimum: 0 }) })`. */
export const t: KubernetesSchemaBuilder = {
  ...plain,
  Kubernetes: (group, part, options) => {
    const prefix = group === "meta/v1" ? "io.k8s.apimachinery.pkg.apis" : "io.k8s.api";
    const schema = structuralDefinition(`${prefix}.${group.replace("/", ".")}.${part}`);
    // Through a part of no type, so that options mean the same as anywhere else.
    return { ...plain.Unsafe<never>(schema), ...withoutType(plain.Any(options)) } as never;
  },
};

function withoutType(schema: TSchema): object {
  const { type: _type, "x-kubernetes-preserve-unknown-fields": _keep, ...options } = schema as Record<string | symbol, unknown>;
  return options;
}
