import { ConfigMap, controller, defineResource, t } from "@outrigger/kit";

/** A web site: its host name, and the ConfigMap that holds its pages. */
export const Site = defineResource({
  group: "web.example.com",
  version: "v1",
  kind: "Site",
  spec: t.Object({ host: t.String({ minLength: 1 }), pages: t.String({ description: "name of a ConfigMap" }) }),
  status: t.Object({
    pages: t.Integer({ description: "how many pages there are" }),
    sameHost: t.Array(t.String(), { description: "other sites of this host, as namespace/name" }),
  }),
  columns: [
    { name: "Host", jsonPath: ".spec.host" },
    { name: "Pages", jsonPath: ".status.pages", type: "integer" },
    { name: "Same host", jsonPath: ".status.sameHost" },
  ],
});

/**
 * Two questions that no key answers: which sites have their pages in this ConfigMap, and which have this host. An index
 * answers each without a look at every site.
 */
export const sites = controller(Site)
  .index("byPages", ({ spec }) => spec.pages)
  .index("byHost", ({ spec }) => spec.host.toLowerCase())
  .watches(ConfigMap, ({ metadata: { namespace, name } }, _before, cache) =>
    cache.byIndex(Site, "byPages", name, { namespace }).map(({ metadata }) => metadata),
  )
  // A site that comes, goes or moves is news for those of its host.
  .watches(Site, (now, before, cache) =>
    [now, before]
      .flatMap((site) => (site ? cache.byIndex(Site, "byHost", site.spec.host.toLowerCase()) : []))
      .map(({ metadata }) => metadata),
  )
  .reconcile(async ({ metadata, spec }, ctx) => {
    const pages = Object.keys(ctx.get(ConfigMap, { name: spec.pages })?.data ?? {}).length;
    const sameHost = ctx
      .byIndex(Site, "byHost", spec.host.toLowerCase())
      .filter((other) => other.metadata.uid !== metadata.uid)
      .map((other) => `${other.metadata.namespace}/${other.metadata.name}`)
      .sort();
    await ctx.status({ pages, sameHost });
  });
