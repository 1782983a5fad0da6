import { controller, Deployment, type Desired, defineResource, type Observed, Service, t } from "@outrigger/kit";

const port = () => t.Integer({ minimum: 1, maximum: 65535 });
const amounts = () => t.Optional(t.Record(t.String(), t.Quantity()));

/** A web application: one manifest instead of a Deployment and a Service. */
export const AppService = defineResource({
  group: "app.example.com",
  version: "v1",
  kind: "AppService",
  spec: t.Object({
    size: t.Integer({ minimum: 0, maximum: 1000, description: "how many pods" }),
    image: t.String({ minLength: 1 }),
    ports: t.Array(
      t.Object({
        name: t.Optional(t.String({ maxLength: 15 })),
        port: port(),
        targetPort: t.Optional(port()),
        nodePort: t.Optional(port()),
        protocol: t.Default(t.Enum(["TCP", "UDP"]), "TCP"),
      }),
      { minItems: 1, maxItems: 20, description: "ports of the Service" },
    ),
    resources: t.Optional(t.Object({ requests: amounts(), limits: amounts() })),
    envs: t.Optional(t.Array(t.Object({ name: t.String({ minLength: 1 }), value: t.Default(t.String(), "") }), { maxItems: 100 })),
  }),
  status: t.Object({
    replicas: t.Integer(),
    readyReplicas: t.Integer(),
    conditions: t.Array(
      t.Object({ type: t.String(), status: t.String(), reason: t.Optional(t.String()), message: t.Optional(t.String()) }),
    ),
  }),
  columns: [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Ready", type: "integer", jsonPath: ".status.readyReplicas" },
    { name: "Image", jsonPath: ".spec.image" },
    { name: "Node port", type: "integer", jsonPath: ".spec.ports[0].nodePort", priority: 1 },
  ],
});

/** Applied whole each time: a change of any field reaches the Deployment and the Service, and nothing else there is touched. */
export const appServices = controller(AppService)
  .owns(Deployment)
  .owns(Service)
  .reconcile(async (app, ctx) => {
    // The garbage collector takes what is owned.
    if (app.metadata.deletionTimestamp) return;
    await ctx.apply([deploymentFor(app), serviceFor(app)]);
    const { status } = ctx.owned(Deployment)[0] ?? {};
    await ctx.status({
      replicas: status?.replicas ?? 0,
      readyReplicas: status?.readyReplicas ?? 0,
      conditions: (status?.conditions ?? []).map(({ type, status: is, reason = "", message = "" }) => ({
        type,
        status: is,
        reason,
        message,
      })),
    });
  });

type App = Observed<typeof AppService>;
const labelsOf = ({ metadata }: App) => ({ app: metadata.name });

function deploymentFor(app: App): Desired<typeof Deployment> {
  const { size, image, ports, resources, envs = [] } = app.spec;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app.metadata.name, labels: labelsOf(app) },
    spec: {
      replicas: size,
      selector: { matchLabels: labelsOf(app) },
      template: {
        metadata: { labels: labelsOf(app) },
        spec: {
          containers: [
            {
              name: app.metadata.name,
              image,
              ports: ports.map(({ port, targetPort = port, protocol }) => ({ containerPort: targetPort, protocol })),
              env: envs.map(({ name, value }) => ({ name, value })),
              ...(resources ? { resources: { requests: texts(resources.requests), limits: texts(resources.limits) } } : {}),
            },
          ],
        },
      },
    },
  };
}

function serviceFor(app: App): Desired<typeof Service> {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: app.metadata.name, labels: labelsOf(app) },
    spec: {
      type: "NodePort",
      selector: labelsOf(app),
      ports: app.spec.ports.map(({ port, targetPort = port, protocol, name = `port-${port}`, nodePort }) => ({
        name,
        port,
        targetPort,
        protocol,
        ...(nodePort === undefined ? {} : { nodePort }),
      })),
    },
  };
}

/** Amounts are written as numbers or texts; pods have them as texts. */
function texts(amounts: Readonly<Record<string, number | string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
}
