// Headers that say what a request brings and what it wants (https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources).
const JSON_TYPE = "application/json";
export const METADATA = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json" };
export const METADATA_LIST = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json" };
export const PLAIN = { accept: JSON_TYPE };
export const WITH_BODY = { accept: JSON_TYPE, "content-type": JSON_TYPE };
export const PATCH_HEADERS = {
  json: { accept: JSON_TYPE, "content-type": "application/json-patch+json" },
  merge: { accept: JSON_TYPE, "content-type": "application/merge-patch+json" },
  strategic: { accept: JSON_TYPE, "content-type": "application/strategic-merge-patch+json" },
  // JSON is YAML; the server takes apply configurations under this type since 1.16.
  apply: { accept: JSON_TYPE, "content-type": "application/apply-patch+yaml" },
} as const;
