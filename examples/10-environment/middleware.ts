import { controller, Deployment, defineResource, fromManager, t, withEnvironment } from "@outrigger/kit";

/** A service that runs somewhere: in a region, a zone, an environment that the operator knows and its author does not. */
export const Middleware = defineResource({
  group: "app.example.com",
  version: "v1",
  kind: "Middleware",
  plural: "middlewares",
  spec: t.Object({
    image: t.String({ minLength: 1 }),
    env: t.Optional(t.Array(t.Object({ name: t.String(), value: t.String() }), { maxItems: 100 })),
  }),
});

/** What each container is told about where it runs. */
export const WHERE = ["REGION", "DEPLOY_ENV", "AZ", "IDC"];

/**
 * The variables of the operator's own Deployment reach every container that the operator makes; what the object says itself
 * wins. `fromManager` throws at the start when one of them is not set.
 */
export const middlewares = (environment: Readonly<Record<string, string | undefined>> = process.env) => {
  const where = fromManager(WHERE, { environment, proxies: true });
  return controller(Middleware)
    .owns(Deployment)
    .reconcile(async ({ metadata: { name }, spec }, ctx) => {
      const labels = { app: name };
      const template = {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: spec.image, env: spec.env ?? [] }] },
      };
      await ctx.apply({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name },
        spec: {
          selector: { matchLabels: labels },
          template: withEnvironment(template, [...where, { name: "SERVICE_NAME", value: name }]),
        },
      });
    });
};
