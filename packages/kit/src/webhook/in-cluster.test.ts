// The parts that live in a cluster, against a real API: Secrets, configurations, and a rotation under load.
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../api/index.ts";
import { type Client, dynamicResource } from "../client/index.ts";
import { createCa, inspectCertificate, isIssuedBy, isKeyOf, mergeBundles } from "../pki/index.ts";
import {
  change,
  configurationKeeper,
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

  it("is made anew by an authority made anew when neither is valid yet, as after a clock that jumped and came back", async () => {
    now = new Date(Date.now() + 300 * DAY);
    const settings = options();
    const certificate = await own(settings);
    const early = certificate.current;
    now = new Date();
    const { certificate: leaf, caBundle } = await certificate.refresh();
    expect(isIssuedBy(leaf, early.caBundle)).toBe(false);
    for (const one of [leaf, caBundle]) expect(inspectCertificate(one).notBefore.getTime()).toBeLessThanOrEqual(now.getTime());
    expect(isIssuedBy(leaf, caBundle)).toBe(true);
  });

  it("replaces a Secret that somebody made immutable", async () => {
    now = new Date();
    const settings = options();
    const certificate = await own(settings);
    for (const name of [settings.secretName, settings.caSecretName])
      await client.patch(SECRETS, { namespace: "default", name }, { type: "merge", patch: { immutable: true } });
    const before = certificate.current;
    now = new Date(Date.now() + 250 * DAY);
    const after = await certificate.refresh();
    expect(after.certificate).not.toBe(before.certificate);
    expect((await secret(settings.secretName))["tls.crt"]).toBe(after.certificate);
    now = new Date();
  });

  it("keeps the names by which another replica is called", async () => {
    now = new Date();
    const settings = options();
    await own(settings);
    const other = await own({ ...settings, dnsNames: ["elsewhere.example.com"], ipAddresses: ["10.0.0.9"] });
    const { dnsNames, ipAddresses } = inspectCertificate(other.current.certificate);
    expect([...dnsNames].sort()).toEqual(["elsewhere.example.com", "hook.default.svc"]);
    expect(ipAddresses).toHaveLength(3);
    const again = await own(settings);
    expect(again.current.certificate).toBe(other.current.certificate);
  });

  it("goes through a rotation as replicas agree: one decides, by what was read back and what all serve", async () => {
    now = new Date();
    const [trusted, served] = [new Map<string, number>(), new Set<string>()];
    const guard = (decides: boolean) => ({
      decides: () => decides,
      inForceMs: (bundle: string) => trusted.get(bundle) ?? 0,
      servedByAll: async (leaf: string) => served.has(leaf),
    });
    const settings = options({ settleMs: MINUTE });
    const leader = await own({ ...settings, rotation: guard(true) });
    const follower = await own({ ...settings, rotation: guard(false) });
    const first = leader.current;
    await client.patch(
      SECRETS,
      { namespace: "default", name: settings.caSecretName },
      { type: "merge", patch: { data: { rotate: Buffer.from("please").toString("base64") } } },
    );
    expect((await follower.refresh()).caBundle).toBe(first.caBundle);
    const joining = await leader.refresh();
    expect(joining.caBundle.startsWith(first.caBundle)).toBe(true);
    expect(joining.caBundle).not.toBe(first.caBundle);
    const wait = async (minutes: number) => {
      now = new Date(now.getTime() + minutes * MINUTE);
      return [await leader.refresh(), await follower.refresh()];
    };
    // Time alone changes nothing, whoever looks.
    for (const seen of await wait(60)) expect(seen.certificate).toBe(first.certificate);
    trusted.set(joining.caBundle, MINUTE);
    expect((await follower.refresh()).certificate).toBe(first.certificate);
    const leaving = await leader.refresh();
    expect(leaving.certificate).not.toBe(first.certificate);
    expect(await follower.refresh()).toEqual(leaving);
    for (const seen of await wait(60)) expect(seen.caBundle).toBe(leaving.caBundle);
    served.add(leaving.certificate);
    const [steady] = await wait(1);
    expect(steady?.caBundle.includes(first.caBundle)).toBe(false);
    expect(isIssuedBy(leaving.certificate, steady?.caBundle ?? "")).toBe(true);
    expect((await wait(1))[0]).toEqual(steady);
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

describe("the keeper of configurations", () => {
  const MANAGER = "keeper-test";
  const rules = [{ operations: ["CREATE" as const], resources: ["configmaps"] }];
  const configuration = (name: string, caBundle = createCa({ commonName: name }).certificate) =>
    mutatingConfiguration({
      name,
      labels: { "example.com/kept": "yes" },
      target: { url: "https://127.0.0.1:1", caBundle },
      webhooks: ["a", "b"].map((entry) => ({
        name: `${entry}.${name}.example.com`,
        path: "/m",
        rules,
        failurePolicy: "Ignore",
        namespaceSelector: { matchLabels: { none: "such" } },
      })),
    });
  const stored = async (name: string) => (await client.get(MUTATING, { name })) as unknown as KubeObject & { webhooks: object[] };
  async function keeper(...wanted: KubeObject[]) {
    const repairs: string[] = [];
    const errors: unknown[] = [];
    const kept = configurationKeeper(client, {
      wanted: () => wanted,
      fieldManager: MANAGER,
      onRepair: ({ object, paths, by }) => repairs.push(`${object.metadata.name} ${paths?.join() ?? "deleted"} ${by ?? "?"}`),
      onError: (error) => errors.push(error),
    });
    cleanups.push(async () => {
      await kept.stop();
      for (const { metadata } of wanted) await client.delete(MUTATING, { name: metadata.name ?? "" }).catch(() => {});
    });
    await kept.settled();
    return { kept, repairs, errors, wanted };
  }
  const by = { fieldManager: "somebody" };

  it("makes what is missing, and takes over what is there, of which neither is a repair", async () => {
    await client.create(MUTATING, { ...configuration("there"), webhooks: [] } as never);
    const { repairs } = await keeper(configuration("there"), configuration("missing"));
    expect((await stored("there")).webhooks).toHaveLength(2);
    expect((await stored("missing")).webhooks).toHaveLength(2);
    expect(repairs).toEqual([]);
  });

  it.each<[string, (object: KubeObject & { webhooks: { clientConfig: { caBundle?: string } }[] }) => void, string]>([
    ["emptied", ({ webhooks }) => void webhooks.splice(0), 'webhooks["a.edited.example.com"],webhooks["b.edited.example.com"] ?'],
    [
      "relabelled",
      (object) => {
        delete object.metadata.labels;
      },
      "metadata.labels.example.com/kept ?",
    ],
    [
      "without its bundle",
      ({ webhooks }) => {
        for (const { clientConfig } of webhooks) clientConfig.caBundle = "";
      },
      'webhooks["a.edited.example.com"].clientConfig,webhooks["b.edited.example.com"].clientConfig ?',
    ],
    [
      "given a condition that is never true",
      ({ webhooks }) => void Object.assign(webhooks[0]!, { matchConditions: [{ name: "never", expression: "false" }] }),
      'webhooks["a.edited.example.com"].matchConditions somebody',
    ],
    [
      "given an entry more",
      ({ webhooks }) => void webhooks.push({ ...webhooks[0]!, name: "c.edited.example.com" } as never),
      'webhooks["c.edited.example.com"] somebody',
    ],
    // Whoever takes fields away owns none of them: managedFields do not name them.
  ])("puts right what somebody has %s, and says where and, as far as managedFields tell, who", async (_what, edit, paths) => {
    const { kept, repairs } = await keeper(configuration("edited"));
    const before = await stored("edited");
    const edited = structuredClone(before) as never;
    edit(edited);
    await client.update(MUTATING, edited, by);
    await expect.poll(() => repairs, { timeout: 15_000 }).toEqual([`edited ${paths}`]);
    await kept.settled();
    expect((await stored("edited")).webhooks).toEqual(before.webhooks);
  });

  it("makes again what somebody deleted", async () => {
    const { repairs } = await keeper(configuration("deleted"));
    await client.delete(MUTATING, { name: "deleted" });
    await expect.poll(() => repairs, { timeout: 15_000 }).toEqual(["deleted deleted ?"]);
    expect((await stored("deleted")).webhooks).toHaveLength(2);
  });

  it("writes what is wanted next, which is no repair, and nothing where nothing differs", async () => {
    const { kept, repairs, wanted } = await keeper(configuration("changing"));
    const { resourceVersion } = (await stored("changing")).metadata;
    await kept.refresh();
    expect((await stored("changing")).metadata.resourceVersion).toBe(resourceVersion);
    wanted[0] = configuration("changing", createCa({ commonName: "next" }).certificate);
    await kept.refresh();
    expect((await stored("changing")).webhooks).toMatchObject((wanted[0] as unknown as { webhooks: object[] }).webhooks);
    expect(repairs).toEqual([]);
  });

  it("holds what the API server stored against what was written, not against what is wanted since", async () => {
    const { kept, errors, repairs, wanted } = await keeper(configuration("overtaken"));
    const want = (commonName: string): Promise<void> => {
      wanted[0] = configuration("overtaken", createCa({ commonName }).certificate);
      return kept.refresh();
    };
    // The second wish comes while the first is being written.
    await Promise.all([want("first"), want("second")]);
    expect((await stored("overtaken")).webhooks).toMatchObject((wanted[0] as unknown as { webhooks: object[] }).webhooks);
    expect(errors).toEqual([]);
    expect(repairs).toEqual([]);
  });

  it("keeps the others while one is refused", async () => {
    const bad = { ...configuration("bad"), webhooks: [{ name: "short" }] } as unknown as KubeObject;
    const errors: string[] = [];
    const kept = configurationKeeper(client, {
      wanted: () => [bad, configuration("good", "")],
      fieldManager: MANAGER,
      onError: (_error, object) => errors.push(object?.metadata.name ?? ""),
    });
    cleanups.push(async () => {
      await kept.stop();
      await client.delete(MUTATING, { name: "good" });
    });
    await expect.poll(() => client.find(MUTATING, { name: "good" }), { timeout: 15_000 }).toBeDefined();
    await expect.poll(() => errors, { timeout: 15_000 }).toContain("bad");
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
    const keeper = configurationKeeper(client, {
      wanted: () => [
        mutatingConfiguration({
          name: "stamp",
          labels,
          webhooks,
          target: { url: `https://127.0.0.1:${port}`, caBundle: certificate.current.caBundle },
        }),
      ],
      fieldManager: "rotation-test",
    });
    cleanups.push(() => keeper.stop());
    certificate.onChange(async (served) => {
      await keeper.refresh();
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
      await expect.poll(() => made, { interval: 5, timeout: 15_000 }).toBeGreaterThan(reached + 20);
      await certificate.refresh();
    }
    stop = true;
    await load;
    expect(failures).toEqual([]);
    expect(certificate.current.caBundle.includes(before.caBundle)).toBe(false);
    expect(await stamped("last")).toEqual({ stamped: "yes" });
    await keeper.stop();
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
