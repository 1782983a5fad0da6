// The parts that live in a cluster, against a real API: Secrets, configurations, and a rotation under load.
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../api/index.ts";
import { type Client, dynamicResource } from "../client/index.ts";
import { createCa, inspectCertificate, isIssuedBy, isKeyOf, mergeBundles } from "../pki/index.ts";
import {
  type CaBundleKeeper,
  caBundleKeeper,
  change,
  mutate,
  mutatingConfiguration,
  type OwnCertificate,
  ownCertificate,
  registerByUrl,
  validatingConfiguration,
  webhookServer,
} from "./index.ts";

const SECRETS = dynamicResource("v1", "Secret", "secrets", "Namespaced");
const CONFIGMAPS = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const MUTATING = dynamicResource(
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  "Cluster",
);

let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
  client = await cluster.client();
});
afterAll(() => cluster?.close());
const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let now = new Date();
let serial = 0;
const names = () => ({ namespace: "default", secretName: `tls-${++serial}`, caSecretName: `ca-${serial}` });
const options = (more: object = {}) => ({
  ...names(),
  dnsNames: ["hook.default.svc"],
  ipAddresses: ["127.0.0.1", "::1"],
  pollMs: 3_600_000,
  now: () => now,
  ...more,
});
async function own(settings: Parameters<typeof ownCertificate>[1]): Promise<OwnCertificate> {
  const certificate = await ownCertificate(client, settings);
  cleanups.push(() => certificate.stop());
  return certificate;
}
const secret = async (name: string) => {
  const { data } = (await client.get(SECRETS, { namespace: "default", name })) as unknown as { data: Record<string, string> };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
};
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe("a certificate of our own", () => {
  it("is made once, however many replicas start at the same time", async () => {
    const settings = options();
    const replicas = await Promise.all(Array.from({ length: 5 }, () => own(settings)));
    const [first] = replicas;
    for (const replica of replicas) expect(replica.current).toEqual(first?.current);
    const { certificate, key, caBundle } = first!.current;
    expect([isKeyOf(certificate, key), isIssuedBy(certificate, caBundle)]).toEqual([true, true]);
    expect(await secret(settings.secretName)).toEqual({ "ca.crt": caBundle, "tls.crt": certificate, "tls.key": key });
  });

  it("is renewed at two thirds of its life, by the same authority", async () => {
    now = new Date();
    const settings = options();
    const certificate = await own(settings);
    const before = certificate.current;
    const told: string[] = [];
    certificate.onChange(({ certificate: renewed }) => void told.push(renewed));
    expect(await certificate.refresh()).toBe(before);
    now = new Date(Date.now() + 250 * DAY);
    const after = await certificate.refresh();
    expect(after.caBundle).toBe(before.caBundle);
    expect(after.certificate).not.toBe(before.certificate);
    expect(told).toEqual([after.certificate]);
  });

  it("is made anew when somebody broke it, or it lacks a name", async () => {
    now = new Date();
    const settings = options();
    const certificate = await own(settings);
    const { certificate: before } = certificate.current;
    await client.patch(
      SECRETS,
      { namespace: "default", name: settings.secretName },
      { type: "merge", patch: { data: { "tls.key": Buffer.from("nonsense").toString("base64") } } },
    );
    const repaired = await certificate.refresh();
    expect(repaired.certificate).not.toBe(before);
    expect(isKeyOf(repaired.certificate, repaired.key)).toBe(true);
    const renamed = await own({ ...settings, dnsNames: ["hook.default.svc", "other.default.svc"] });
    expect(inspectCertificate(renamed.current.certificate).dnsNames).toContain("other.default.svc");
  });

  it("changes its authority in stages: at each, what is served is trusted by a bundle that was there before", async () => {
    now = new Date();
    const settings = options({ settleMs: MINUTE, leaveMs: 10 * MINUTE });
    const [a, b] = [await own(settings), await own(settings)];
    const first = a.current;
    let known = first.caBundle;
    const step = async (minutes: number) => {
      now = new Date(now.getTime() + minutes * MINUTE);
      const [seen, other] = [await a.refresh(), await b.refresh()];
      expect(other).toEqual(seen);
      const trusted = known.split(/(?<=END CERTIFICATE-----\n)/).some((authority) => isIssuedBy(seen.certificate, authority));
      expect(trusted).toBe(true);
      known = seen.caBundle;
      return seen;
    };
    await a.rotate();
    const joining = await step(0);
    expect([joining.certificate, joining.caBundle.startsWith(first.caBundle), joining.caBundle.length > first.caBundle.length]).toEqual([
      first.certificate,
      true,
      true,
    ]);
    expect((await step(0.5)).certificate).toBe(first.certificate);
    const leaving = await step(1);
    expect(leaving.certificate).not.toBe(first.certificate);
    expect(mergeBundles(leaving.caBundle, joining.caBundle)).toHaveLength(joining.caBundle.length);
    expect((await step(5)).caBundle).toBe(leaving.caBundle);
    const steady = await step(11);
    expect([steady.certificate, steady.caBundle.includes(first.caBundle)]).toEqual([leaving.certificate, false]);
  });
});

describe("the keeper of CA bundles", () => {
  const labels = { "app.kubernetes.io/managed-by": "keeper-test" };
  const rules = [{ operations: ["CREATE" as const], resources: ["configmaps"] }];
  const [ca, next] = [createCa({ commonName: "one" }), createCa({ commonName: "two" })];
  const configuration = (name: string, caBundle?: string) =>
    mutatingConfiguration({
      name,
      labels,
      target: { url: "https://127.0.0.1:1", ...(caBundle ? { caBundle } : {}) },
      webhooks: ["a", "b"].map((entry) => ({
        name: `${entry}.${name}.example.com`,
        path: "/m",
        rules,
        failurePolicy: "Ignore",
        namespaceSelector: { matchLabels: { none: "such" } },
      })),
    });
  const bundles = async (name: string) => {
    const { webhooks } = (await client.get(MUTATING, { name })) as unknown as { webhooks: { clientConfig: { caBundle?: string } }[] };
    return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString());
  };
  async function keeper(bundle = ca.certificate): Promise<CaBundleKeeper & { repaired: string[] }> {
    const repaired: string[] = [];
    const kept = caBundleKeeper(client, {
      labelSelector: "app.kubernetes.io/managed-by=keeper-test",
      bundle,
      onRepair: (_kind, name) => repaired.push(name),
    });
    cleanups.push(() => kept.stop());
    await kept.settled();
    return Object.assign(kept, { repaired });
  }
  async function make(object: KubeObject): Promise<void> {
    await client.create(MUTATING, object as never);
    cleanups.push(async () => void (await client.delete(MUTATING, { name: object.metadata.name ?? "" })));
  }

  it("fills it in where it is missing, and writes no more than that", async () => {
    await make(configuration("empty"));
    await make(configuration("full", ca.certificate));
    const { repaired } = await keeper();
    expect(await bundles("empty")).toEqual([ca.certificate, ca.certificate]);
    expect(repaired).toEqual(["empty"]);
  });

  it("repairs what somebody applies again without it", async () => {
    await make(configuration("reapplied"));
    const kept = await keeper();
    const { resourceVersion } = (await client.get(MUTATING, { name: "reapplied" })).metadata;
    await client.update(MUTATING, { ...configuration("reapplied"), metadata: { name: "reapplied", labels, resourceVersion } } as never);
    await expect.poll(() => bundles("reapplied")).toEqual([ca.certificate, ca.certificate]);
    await kept.settled();
    expect(kept.repaired).toEqual(["reapplied", "reapplied"]);
  });

  it("keeps authorities of others, drops those that were ours", async () => {
    const foreign = createCa({ commonName: "foreign" });
    await make(configuration("shared", foreign.certificate));
    const kept = await keeper();
    expect((await bundles("shared"))[0]).toBe(ca.certificate + foreign.certificate);
    await kept.setBundle(ca.certificate + next.certificate);
    expect((await bundles("shared"))[0]).toBe(ca.certificate + next.certificate + foreign.certificate);
    await kept.setBundle(next.certificate);
    expect(await bundles("shared")).toEqual([next.certificate + foreign.certificate, next.certificate + foreign.certificate]);
  });
});

describe("a process that registers itself by URL", () => {
  it("is called while it is registered, through a rotation without a failed call, and not afterwards", async () => {
    now = new Date();
    const settings = options({ settleMs: 0, leaveMs: 0 });
    const certificate = await own(settings);
    const stamp = mutate<{ metadata: { name?: string }; data?: object }>("/stamp", ({ object }) =>
      change({ ...object, data: { stamped: "yes" } }),
    );
    const server = webhookServer({ webhooks: [stamp], certificate: certificate.current, port: 0, host: "127.0.0.1" });
    const port = await server.listen();
    cleanups.push(() => server.close());
    const labels = { "app.kubernetes.io/managed-by": "rotation-test" };
    const webhooks = [
      { name: "stamp.example.com", path: "/stamp", rules: [{ operations: ["CREATE" as const], resources: ["configmaps"] }] },
    ];
    const registration = await registerByUrl(client, {
      url: `https://127.0.0.1:${port}`,
      caBundle: certificate.current.caBundle,
      mutating: [{ name: "stamp", labels, webhooks }],
    });
    const keeper = caBundleKeeper(client, {
      labelSelector: "app.kubernetes.io/managed-by=rotation-test",
      bundle: certificate.current.caBundle,
    });
    cleanups.push(() => keeper.stop());
    certificate.onChange(async (served) => {
      await keeper.setBundle(served.caBundle);
      server.setCertificate(served);
    });

    let stop = false;
    let made = 0;
    const failures: unknown[] = [];
    const stamped = async (name: string) =>
      (
        (await client.create(CONFIGMAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } } as never, {
          dryRun: true,
        })) as unknown as { data?: object }
      ).data;
    const load = Promise.all(
      Array.from({ length: 4 }, async (_, worker) => {
        while (!stop) {
          const name = `load-${worker}-${made++}`;
          await stamped(name)
            .then((data) => expect(data).toEqual({ stamped: "yes" }))
            .catch((error: unknown) => failures.push(error));
        }
      }),
    );
    const before = certificate.current;
    await certificate.rotate();
    for (let stage = 0; stage < 3; stage++) {
      const reached = made;
      await expect.poll(() => made, { interval: 5 }).toBeGreaterThan(reached + 20);
      await certificate.refresh();
    }
    stop = true;
    await load;
    expect(failures).toEqual([]);
    expect(certificate.current.caBundle.includes(before.caBundle)).toBe(false);
    expect(await stamped("last")).toEqual({ stamped: "yes" });
    await registration.unregister();
    await registration.unregister();
    expect(await stamped("unstamped")).toBeUndefined();
  });

  it("leaves nothing behind when a configuration is refused", async () => {
    const bad = [{ name: "bad", webhooks: [{ name: "short", path: "/v", rules: [] }] }];
    const good = [
      {
        name: "good",
        webhooks: [{ name: "good.example.com", path: "/m", rules: [{ operations: ["CREATE" as const], resources: ["secrets"] }] }],
      },
    ];
    await expect(
      registerByUrl(client, { url: "https://127.0.0.1:1", caBundle: "", mutating: good, validating: bad }),
    ).rejects.toMatchObject({ code: "ERR_INVALID" });
    expect(await client.find(MUTATING, { name: "good" })).toBeUndefined();
  });
});

describe("configurations", () => {
  it("never match kube-system or the namespaces that are excluded, whatever else they select", () => {
    const { webhooks } = mutatingConfiguration({
      name: "m",
      target: { service: { namespace: "own", name: "hook" }, caBundle: "PEM" },
      excludedNamespaces: ["own"],
      webhooks: [
        {
          name: "a.example.com",
          path: "/m",
          rules: [{ operations: ["CREATE"], resources: ["pods"] }],
          namespaceSelector: { matchLabels: { inject: "yes" } },
        },
      ],
    });
    expect(webhooks).toEqual([
      {
        name: "a.example.com",
        clientConfig: { service: { namespace: "own", name: "hook", path: "/m" }, caBundle: Buffer.from("PEM").toString("base64") },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        namespaceSelector: {
          matchLabels: { inject: "yes" },
          matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", "own"] }],
        },
        failurePolicy: "Fail",
        timeoutSeconds: 5,
        sideEffects: "None",
        admissionReviewVersions: ["v1", "v1beta1"],
      },
    ]);
    expect(() =>
      validatingConfiguration({
        name: "v",
        target: { url: "https://x" },
        webhooks: [{ name: "a.b.c", path: "/v", rules: [], reinvocationPolicy: "Never" }],
      }),
    ).toThrow("only mutating webhooks");
  });
});
