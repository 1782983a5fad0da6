// Certificates of three managers behind one Service of a real API server, while pods are made without end.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dynamicResource } from "@outrigger/kit/client";
import { CustomResourceDefinition, Lease, Namespace, Secret } from "@outrigger/kit/kinds";
import { createCa, inspectCertificate, issueCertificate } from "@outrigger/kit/pki";
import { eventually, startRealCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LateCaller } from "./late-caller.ts";
import { PodLoad } from "./load.ts";
import { controlPlane } from "./parts.ts";
import { NAMESPACE, type Replica, Replicas } from "./replicas.ts";

const QUICK = { settleMs: 700, pollMs: 200 };
const LONG = { timeoutMs: 120_000, intervalMs: 50 };
const SidecarSet = dynamicResource("apps.kruise.io/v1beta1", "SidecarSet", "sidecarsets", "Cluster");

let cluster: TestCluster;
let replicas: Replicas;
beforeAll(async () => {
  // Calls go to the endpoints of Services: there is no kube-proxy.
  const apiServerFlags = ["--enable-aggregator-routing=true"];
  cluster = await startRealCluster({ assets: await controlPlane(), controllers: false, node: false, apiServerFlags });
  await cluster.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } } as never);
  replicas = new Replicas(cluster);
  await replicas.open();
}, 600_000);
afterAll(async () => {
  await replicas?.close();
  await cluster?.close();
}, 60_000);

const key = { namespace: NAMESPACE, name: "outrigger-webhook-ca" };
const authorities = async (): Promise<Readonly<Record<string, string>>> => {
  const { data = {} } = await cluster.client.get(Secret, key);
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]));
};
const ask = async (): Promise<void> => {
  const patch = { data: { rotate: Buffer.from("now").toString("base64") } };
  await cluster.client.patch(Secret, key, { type: "merge", patch } as never);
};
const stage = async (): Promise<string> => {
  const data = await authorities();
  if (data["rotate"]) return "asked";
  return data["next.crt"] ? "joining" : data["previous.crt"] ? "leaving" : "steady";
};
/** From one authority to the next, and no step is left. */
async function rotation(before: string | undefined): Promise<void> {
  await eventually(async () => (await stage()) === "steady" && (await authorities())["ca.crt"] !== before, LONG);
}
const leader = async (): Promise<Replica> => {
  const { spec } = await cluster.client.get(Lease, { namespace: NAMESPACE, name: "outrigger-manager" });
  const holder = spec?.holderIdentity ?? "";
  return eventually(() => [...replicas.all].find((one) => holder.includes(`.${one.process.pid}.`)), LONG);
};
/** What each replica that serves says of its certificate. */
const announced = async (): Promise<Set<string>> => {
  const { items } = await cluster.client.list(Lease, { namespace: NAMESPACE, labelSelector: "outrigger.dev/serves=webhooks" });
  return new Set(items.map(({ metadata }) => metadata.annotations?.["outrigger.dev/serving-certificate"] ?? ""));
};

let load: PodLoad | undefined;
let late: LateCaller | undefined;
async function startLoad(lateMs = 500): Promise<void> {
  load = new PodLoad(cluster.client, "default", `pod-${Date.now()}`, [{ app: "must" }], { pauseMs: 80, dryRun: true }).start(2);
  late = new LateCaller(cluster.client, lateMs, replicas.address).start();
  await eventually(() => load!.made.length > 10 && late!.calls > 10, LONG);
}
/** The machine is too slow for the load: no matter of certificates. */
const OVERLOADED = /the rules may be older|status 503|deadline exceeded/;

/** @returns what went wrong meanwhile. */
async function endLoad(): Promise<readonly string[]> {
  const made = (await load?.stop()) ?? [];
  await late?.stop();
  const refused = made.flatMap(({ refused: why }) => why ?? []);
  const missed = made.filter(({ containers }) => containers && !containers.includes("sidecar")).map(({ name }) => `${name} has no sidecar`);
  const all = [...refused, ...missed, ...(late?.failures.map((one) => `the late API server: ${one}`) ?? [])];
  const failures = all.filter((one) => !OVERLOADED.test(one));
  if (late)
    console.log(`${made.length} pods, ${late.calls} late calls, ${failures.length} failures, ${all.length - failures.length} overloaded`);
  load = late = undefined;
  return failures;
}
afterEach(endLoad);

test("three managers that start at once agree on one authority and one certificate", async () => {
  const all = await Promise.all([1, 2, 3].map(() => replicas.start(QUICK)));
  await replicas.ready(...all);
  await eventually(async () => (await announced()).size === 1, LONG);
  expect(inspectCertificate((await authorities())["ca.crt"]!).subject).toContain(NAMESPACE);
  const spec = { selector: { matchLabels: { app: "must" } }, containers: [{ name: "sidecar", image: "busybox:1.36" }] };
  await cluster.client.create(SidecarSet, {
    apiVersion: SidecarSet.apiVersion,
    kind: "SidecarSet",
    metadata: { name: "must" },
    spec,
  } as never);
  await eventually(async () => {
    await startLoad();
    return (await endLoad()).length === 0;
  }, LONG);
}, 300_000);

test("authority and certificate are rotated ten times, and no call fails", async () => {
  await startLoad();
  const seen = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const { "ca.crt": before = "" } = await authorities();
    seen.add(before);
    await ask();
    await rotation(before);
  }
  expect(seen.size).toBe(10);
  expect(await endLoad()).toEqual([]);
}, 400_000);

test.each([
  ["the leader", "asked"],
  ["another", "joining"],
  ["the leader", "joining"],
  ["the leader", "leaving"],
])(
  "%s is killed in the step %s: the rotation ends, and no call fails for a certificate",
  async (who, when) => {
    await startLoad();
    const { "ca.crt": before } = await authorities();
    await ask();
    await eventually(async () => (await stage()) === when || when === "asked", { ...LONG, intervalMs: 5 });
    const led = await leader();
    const victim = who === "the leader" ? led : [...replicas.all].find((one) => one !== led)!;
    await replicas.stop(victim, "SIGKILL");
    // As the kubelet does.
    const next = await replicas.start(QUICK);
    await rotation(before);
    await replicas.ready(next);
    await eventually(async () => (await announced()).size === 1, LONG);
    // Calls that were under way to it end with it.
    expect((await endLoad()).filter((one) => !/EOF|reset|refused|hang up|broken pipe|socket/i.test(one))).toEqual([]);
  },
  240_000,
);

test("an API server that learns of configurations five seconds late never fails a call", async () => {
  await replicas.roll({ ...QUICK, settleMs: 6_000 });
  await startLoad(5_000);
  const { "ca.crt": before } = await authorities();
  await ask();
  await rotation(before);
  expect(await endLoad()).toEqual([]);
}, 300_000);

describe("a certificate from elsewhere", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "outrigger-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const NAME = `outrigger-webhook.${NAMESPACE}.svc`;
  function write(into: string): string {
    const ca = createCa({ commonName: "from elsewhere" });
    const leaf = issueCertificate(ca, { commonName: NAME, dnsNames: [NAME], usages: ["server auth"] });
    for (const [name, text] of Object.entries({ "ca.crt": ca.certificate, "tls.key": leaf.key, "tls.crt": leaf.certificate })) {
      writeFileSync(join(into, `.${name}`), text);
      renameSync(join(into, `.${name}`), join(into, name));
    }
    return ca.certificate;
  }
  const bundle = async (): Promise<string> => {
    const { spec } = await cluster.client.get(CustomResourceDefinition, { name: "sidecarsets.apps.kruise.io" });
    return Buffer.from(spec.conversion?.webhook?.clientConfig?.caBundle ?? "", "base64").toString();
  };

  test("takes the place of the manager's own while replicas are replaced, is rotated, and gives way again: no call fails", async () => {
    await startLoad();
    const files = { ...QUICK, from: { folder } };
    const first = write(folder);
    await replicas.roll(files);
    await eventually(async () => (await bundle()) === first, LONG);
    const second = write(folder);
    await eventually(async () => (await bundle()) === second, LONG);
    await replicas.roll({ ...QUICK, from: { signerName: "outrigger.dev/webhook-serving", approve: true } });
    const { "ca.crt": signer } = await authorities();
    await eventually(async () => (await bundle()) === signer, LONG);
    await ask();
    await eventually(async () => !(await bundle()).includes(signer!), LONG);
    await replicas.roll(QUICK);
    await eventually(async () => (await announced()).size === 1, LONG);
    expect(await endLoad()).toEqual([]);
  }, 400_000);
});
