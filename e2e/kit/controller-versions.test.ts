import { controller, defineResource, formerVersion, InvalidError, installDefinitions, manager, t, withVersions } from "@outrigger/kit";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { convert, webhookServer } from "@outrigger/kit/webhook";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const of = { group: "sea.outrigger.dev", kind: "Fleet" } as const;
const V2 = defineResource({
  ...of,
  version: "v2",
  spec: t.Object({
    ships: t.Array(t.String()),
    harbour: t.Optional(
      t.Union([t.Object({ name: t.String() }), t.Object({ position: t.Object({ east: t.Number(), north: t.Number() }) })]),
    ),
    cargo: t.Optional(t.EmbeddedResource()),
    crew: t.Optional(t.IntOrString()),
    notes: t.Optional(t.Unknown()),
  }),
  status: t.Object({ count: t.Integer() }),
});
const V1 = defineResource({ ...of, version: "v1", spec: t.Object({ names: t.String() }), status: t.Object({ count: t.Integer() }) });
const Fleet = withVersions(V2, [
  formerVersion(V1, V2, {
    upgrade: ({ spec, status }) => ({ spec: { ships: spec.names.split(",") }, ...(status ? { status } : {}) }),
    downgrade: ({ spec, status }) => ({ spec: { names: spec.ships.join() }, ...(status ? { status } : {}) }),
    deprecated: true,
  }),
]);

let cluster: TestCluster;
let stopServer: () => Promise<void>;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  const ca = createCa({ commonName: "conversion-test" });
  const certificate = issueCertificate(ca, {
    commonName: "localhost",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server auth"],
  });
  const server = webhookServer({ certificate, webhooks: [convert("/convert", Fleet.convert)], host: "127.0.0.1", port: 0 });
  const port = await server.listen();
  stopServer = () => server.close();
  const definition = Fleet.crd({ url: `https://127.0.0.1:${port}/convert`, caBundle: ca.certificate });
  await installDefinitions(cluster.client, [{ ...Fleet, crd: () => definition }]);
});
afterAll(async () => {
  await cluster?.close();
  await stopServer?.();
});

test("what is written in a former version is read in that of today, by clients and by controllers, and back", async () => {
  const { client } = cluster;
  const namespace = await cluster.namespace("versions");
  const running = manager({
    client,
    log: false,
    controllers: [controller(Fleet).reconcile(async ({ spec }, ctx) => ctx.status({ count: spec.ships.length }))],
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await done;
  });
  await running.ready;
  await client.create(V1, {
    apiVersion: "sea.outrigger.dev/v1",
    kind: "Fleet",
    metadata: { name: "a", namespace },
    spec: { names: "x,y" },
  });
  expect((await client.get(Fleet, { namespace, name: "a" })).spec).toEqual({ ships: ["x", "y"] });
  await eventually(async () => (await client.get(V1, { namespace, name: "a" })).status?.count === 2);
  await client.patch(V1, { namespace, name: "a" }, { type: "merge", patch: { spec: { names: "x" } } });
  await eventually(async () => (await client.get(V1, { namespace, name: "a" })).status?.count === 1);
});

test("unions, embedded resources, int-or-string and unknown values are kept as they are, and judged", async () => {
  const { client } = cluster;
  const namespace = await cluster.namespace("versions");
  const fleet = (name: string, spec: object) =>
    client.create(Fleet, {
      apiVersion: "sea.outrigger.dev/v2",
      kind: "Fleet",
      metadata: { name, namespace },
      spec: { ships: [], ...spec },
    });
  const cargo = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "tea" }, data: { tons: "3" } };
  const full = { harbour: { position: { east: 1.5, north: 2 } }, cargo, crew: "50%", notes: [{ any: 1 }] };
  expect((await fleet("full", full)).spec).toEqual({ ships: [], ...full });
  expect((await fleet("number", { crew: 7 })).spec.crew).toBe(7);
  await expect(fleet("both", { harbour: { name: "a", position: { east: 1, north: 2 } } })).rejects.toThrow(InvalidError);
  await expect(fleet("none", { harbour: {} })).rejects.toThrow(InvalidError);
  await expect(fleet("no-kind", { cargo: { apiVersion: "v1" } })).rejects.toThrow(/spec.cargo.kind/);
});
