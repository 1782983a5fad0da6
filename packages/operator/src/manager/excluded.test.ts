import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import type { Desired } from "@outrigger/kit/api";
import { type Client, connect, ForbiddenError } from "@outrigger/kit/client";
import { MutatingWebhookConfiguration, Namespace, Pod } from "@outrigger/kit/kinds";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestAgent } from "../../test/agents.ts";
import { NetworkFault } from "../faults/index.ts";
import { EXCLUDED_NAMESPACES } from "../pipeline/index.ts";
import { SidecarSets } from "../sidecarset/index.ts";
import { readRules, runManager } from "./index.ts";

const OWN = "outrigger-system";
const excludedNamespaces = ["left-alone"];
const agent = new TestAgent();
const stopping = new AbortController();
let cluster: Devcluster;
let client: Client;
let managing: Promise<void>;

beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
  client = connect({ text: cluster.kubeconfig });
  await agent.start();
  const ready = Promise.withResolvers<void>();
  managing = runManager({
    kubeconfig: { text: cluster.kubeconfig },
    namespace: OWN,
    excludedNamespaces,
    webhook: { mode: "url", host: "127.0.0.1", port: 0 },
    environment: {},
    faults: { dial: () => ({ host: "127.0.0.1", port: agent.port }) },
    temporary: true,
    signal: stopping.signal,
    report: () => {},
    onReady: ready.resolve,
  });
  await Promise.race([ready.promise, managing]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "left-alone" } });
  await client.create(SidecarSets, {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "logs" },
    spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name: "logs", image: "logs" }] },
  } as Desired<typeof SidecarSets>);
});
afterAll(async () => {
  stopping.abort();
  await managing;
  await agent.stop();
  await client?.close();
  await cluster?.close();
});

let made = 0;
async function containers(namespace: string): Promise<string[]> {
  const pod = await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name: `web-${++made}`, labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "web" }] },
  } as Desired<typeof Pod>);
  return pod.spec.containers.map(({ name }) => name);
}

test("the namespaces that the manager is told to leave alone stand for those that it would by itself, beside its own", async () => {
  await eventually(async () => expect(await containers("kube-system")).toContain("logs"));
  expect(await containers("left-alone")).toEqual(["web"]);
  expect(await containers(OWN)).toEqual(["web"]);
});

test("a network fault acts in such a namespace all the same", async () => {
  const metadata = { namespace: "left-alone", name: "disturbed", labels: { app: "db" } };
  const pod = await client.create(Pod, {
    ...{ apiVersion: "v1", kind: "Pod", metadata },
    spec: { containers: [{ name: "db", image: "db" }] },
  } as Desired<typeof Pod>);
  const podIPs = [{ ip: "10.1.0.1" }];
  await client.update(Pod, { ...pod, status: { phase: "Running", podIP: "10.1.0.1", podIPs } } as never, { subresource: "status" });
  await client.create(NetworkFault, {
    ...{ apiVersion: "outrigger.dev/v1alpha1", kind: "NetworkFault", metadata: { namespace: "left-alone", name: "slow" } },
    spec: { selector: { matchLabels: { app: "db" } }, fault: { delay: { time: "20ms" } } },
  } as never);
  await eventually(() => expect(agent.faults).toEqual([{ delay: { time: "20ms" } }]));
});

describe("who asks outside the manager", () => {
  const excluded = async (told?: readonly string[], as: Pick<Client, "list" | "find"> = client) =>
    [...(await readRules(as as Client, "default", OWN, told)).rules.excludedNamespaces].sort();
  const byDefault = [...EXCLUDED_NAMESPACES, OWN].sort();

  test("finds the list of the manager that runs, and can name another", async () => {
    expect(await excluded()).toEqual(["left-alone", OWN]);
    expect(await excluded(["ci"])).toEqual(["ci", OWN]);
  });

  test("goes by the usual list where it may not look, or where no manager is", async () => {
    const refused = new ForbiddenError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 403 });
    const find = ((kind, key) =>
      (kind as unknown) === MutatingWebhookConfiguration ? Promise.reject(refused) : client.find(kind, key)) as Client["find"];
    expect(await excluded(undefined, { list: client.list.bind(client), find })).toEqual(byDefault);
    await client.delete(MutatingWebhookConfiguration, { name: "outrigger-pods" });
    expect(await excluded()).toEqual(byDefault);
  });
});
