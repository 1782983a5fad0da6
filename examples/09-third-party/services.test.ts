import { readFileSync } from "node:fs";
import { type Manager, manager, Service } from "@outrigger/kit";
import { installDefinitions } from "@outrigger/kit/controller";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { Certificate } from "./certificate.ts";
import { certifiedServices, ISSUER } from "./services.ts";

let cluster: TestCluster;
let namespace: string;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();
const manifest = (file: string) => parse(readFileSync(new URL(`manifests/${file}`, import.meta.url), "utf8"));

beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("third-party");
  const { apiVersion, kind } = Certificate;
  await installDefinitions(cluster.client, [{ apiVersion, kind, crd: () => manifest("certificates.cert-manager.io.yaml") }]);
  const parts = { controllers: [certifiedServices] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "09-third-party" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

test("an annotated Service has a Certificate, others have none, and it goes with the annotation", async () => {
  const service = manifest("service.yaml");
  const key = { namespace, name: "web" };
  await cluster.client.create(Service, { ...service, metadata: { ...service.metadata, namespace } });
  await cluster.client.create(Service, { ...service, metadata: { name: "plain", namespace } });
  const certificate = await eventually(() => cluster.client.find(Certificate, key));
  expect(certificate.spec).toEqual({
    secretName: "web-tls",
    dnsNames: [`web.${namespace}.svc`],
    issuerRef: { name: "internal", kind: "ClusterIssuer" },
  });
  expect(certificate.metadata.ownerReferences).toMatchObject([{ kind: "Service", name: "web", controller: true }]);
  expect((await cluster.client.list(Certificate, { namespace })).items).toHaveLength(1);
  await cluster.client.patch(Service, key, { type: "merge", patch: { metadata: { annotations: { [ISSUER]: null } } } });
  await eventually(async () => (await cluster.client.find(Certificate, key)) === undefined);
});
