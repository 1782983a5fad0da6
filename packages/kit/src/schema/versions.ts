import type { KubeObject, Observed, Resource } from "../api/index.ts";
import type { CustomResource, CustomResourceDefinitionObject } from "./define.ts";

/** An object without what conversion may not change; labels and annotations are those it has unless others are given. */
export type Converted<R extends Resource> = Omit<Observed<R>, "apiVersion" | "kind" | "metadata"> & {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
};

/** How objects of a former version become objects of the version that is stored, and back. */
export interface FormerVersionOptions<Old extends Resource, Now extends Resource> {
  /** To the version of today. With neither function the versions differ in their name alone. */
  readonly upgrade?: (old: Observed<Old>) => Converted<Now>;
  /** Back again; what upgrade made of an object must come back whole. */
  readonly downgrade?: (now: Observed<Now>) => Converted<Old>;
  /** Whether clients may still use it. Default true; false for one that is only stored here and there. */
  readonly served?: boolean;
  /** Clients that use it are warned, with this text or the API server's. */
  readonly deprecated?: boolean | string;
}

/** A version that went before, and the way to and from the one of today. */
export interface FormerVersion {
  readonly resource: CustomResource<string, string, object, object, "Namespaced" | "Cluster">;
  readonly options: FormerVersionOptions<never, never>;
}

/** Says how a former version becomes the one of today and back. */
export function formerVersion<Old extends Resource & { crd(): CustomResourceDefinitionObject }, Now extends Resource>(
  old: Old,
  _now: Now,
  options: FormerVersionOptions<Old, Now> = {},
): FormerVersion {
  return { resource: old as never, options: options as never };
}

/** Where the API server finds the conversion webhook: `webhookServer` with `convert(path, resource.convert)`. */
export type ConversionClient = { readonly caBundle?: string } & (
  | { readonly url: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number } }
);

/** A kind with several versions: one definition, stored in the version of today. */
export interface VersionedResource {
  /** With `conversion` the API server asks that webhook, without it only changes the apiVersion. */
  crd(conversion?: ConversionClient): CustomResourceDefinitionObject;
  /** Gives an object in another version: what a conversion webhook answers. @throws RangeError for a version that is not there. */
  readonly convert: (object: KubeObject, apiVersion: string) => KubeObject;
}

/**
 * Puts the versions of a kind together. The one of today is stored, and the hub: each former one converts to it and back.
 *
 * @throws RangeError when the versions are not of one kind, or one comes twice.
 */
export function withVersions<R extends Resource & { crd(): CustomResourceDefinitionObject }>(
  now: R,
  former: readonly FormerVersion[],
): R & VersionedResource {
  const byApiVersion = new Map<string, FormerVersion>();
  for (const one of former) {
    const { resource } = one;
    if (resource.crd().metadata.name !== now.crd().metadata.name || resource.kind !== now.kind || resource.scope !== now.scope)
      throw new RangeError(
        `${resource.kind} ${resource.apiVersion} is not a version of ${now.kind} ${now.apiVersion}: group, kind, plural and scope must agree`,
      );
    if (resource.apiVersion === now.apiVersion || byApiVersion.has(resource.apiVersion))
      throw new RangeError(`${resource.kind} ${resource.apiVersion} comes twice`);
    byApiVersion.set(resource.apiVersion, one);
  }
  const step = (object: KubeObject, apiVersion: string, change: ((object: never) => Converted<Resource>) | undefined): KubeObject => {
    const { metadata: { labels = object.metadata.labels, annotations = object.metadata.annotations } = {}, ...body } =
      change?.(object as never) ?? object;
    const metadata = { ...object.metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
    return { ...body, apiVersion, kind: object.kind, metadata } as KubeObject;
  };
  const find = (apiVersion: string): FormerVersion => {
    const found = byApiVersion.get(apiVersion);
    if (found) return found;
    throw new RangeError(`${now.kind} has no version ${apiVersion}: it has ${[now.apiVersion, ...byApiVersion.keys()].join(", ")}`);
  };
  return {
    ...now,
    convert(object, apiVersion) {
      if (object.apiVersion === apiVersion) return object;
      const today =
        object.apiVersion === now.apiVersion ? object : step(object, now.apiVersion, find(object.apiVersion).options.upgrade as never);
      return apiVersion === now.apiVersion ? today : step(today, apiVersion, find(apiVersion).options.downgrade as never);
    },
    crd(conversion) {
      const definition = now.crd();
      const versions = [...(definition.spec["versions"] as object[])];
      for (const { resource, options } of former) {
        const [version] = resource.crd().spec["versions"] as object[];
        const { served = true, deprecated = false } = options;
        versions.push({
          ...version,
          served,
          storage: false,
          ...(deprecated ? { deprecated: true } : {}),
          ...(typeof deprecated === "string" ? { deprecationWarning: deprecated } : {}),
        });
      }
      return { ...definition, spec: { ...definition.spec, versions, ...(conversion ? { conversion: strategy(conversion) } : {}) } };
    },
  };
}

function strategy({ caBundle, ...where }: ConversionClient): object {
  const clientConfig = { ...where, ...(caBundle === undefined ? {} : { caBundle: btoa(caBundle) }) };
  return { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } };
}
