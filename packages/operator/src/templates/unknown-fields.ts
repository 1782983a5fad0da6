import { kinds } from "@outrigger/kit/kinds";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import type { TemplateKey } from "./parse.ts";

/** Fields in one part of a template that Kubernetes' pods do not have, as paths inside it: `[0].ports[0].nope`. */
export function unknownFields(key: TemplateKey, value: unknown): readonly string[] {
  const schema = schemaOf(key);
  return schema === undefined ? [] : prune(schema, structuredClone(value), false);
}

function schemaOf(key: TemplateKey): SchemaNode | undefined {
  const pod = kinds().byKind("", "v1", "Pod")?.schema.properties?.["spec"]?.properties;
  const container = pod?.["containers"]?.items?.properties;
  return key === "env" || key === "volumeMounts" ? container?.[key] : key === "labels" || key === "annotations" ? undefined : pod?.[key];
}
