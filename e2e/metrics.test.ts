import { readFileSync } from "node:fs";
import { MutatingWebhookConfiguration, Pod } from "@outrigger/kit/kinds";
import { runManager } from "@outrigger/operator";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { freePort } from "./free-port.ts";
import { repository } from "./outrigger.ts";

let cluster: TestCluster;
let metrics: () => Promise<string>;
const stop = new AbortController();
let running: Promise<void>;
beforeAll(async () => {
  cluster = await startTestCluster();
  const port = await freePort();
  const ready = Promise.withResolvers<void>();
  running = runManager({
    kubeconfig: { file: cluster.kubeconfigFile },
    namespace: "outrigger-system",
    webhook: { mode: "url", host: "127.0.0.1", port: 0 },
    probes: { host: "127.0.0.1", port },
    temporary: true,
    signal: stop.signal,
    report: () => {},
    onReady: ready.resolve,
  });
  await Promise.race([ready.promise, running]);
  metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
});
afterAll(async () => {
  stop.abort();
  await running;
  await cluster?.close();
});

test("every figure that the dashboard and the alerts ask for exists, and injections are counted by rule and result", async () => {
  await cluster.client.request({
    method: "POST",
    path: "/apis/apps.kruise.io/v1beta1/sidecarsets",
    body: JSON.stringify({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "counted" },
      spec: { selector: { matchLabels: { app: "counted" } }, containers: [{ name: "sidecar", image: "busybox:1.36" }] },
    }),
    headers: { "content-type": "application/json" },
  });
  const namespace = await cluster.namespace();
  await cluster.client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name: "counted", labels: { app: "counted" } },
    spec: { containers: [{ name: "app", image: "busybox:1.36" }] },
  } as never);
  const text = await eventually(async () => {
    const found = await metrics();
    return found.includes('outrigger_injections_total{kind="SidecarSet",rule="counted",result="applied"} 1') && found;
  });
  expect(text).toContain('outrigger_missed_pods{kind="SidecarSet",rule="counted"} 0');
  expect(text).toContain('outrigger_sidecarset_rejected_claims{sidecarset="counted"} 0');
  expect(text).toContain('outrigger_rejected_claims_total{kind="SidecarSet"} 0');
  expect(text).toMatch(/outrigger_certificate_expiry_timestamp_seconds\{certificate="serving"\} \d{10}/);

  const names = new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name));
  const asked = expressions().flatMap(
    (expression) => expression.match(/\b(outrigger|controller_runtime|workqueue|rest_client|leader_election)_[a-z_]+/g) ?? [],
  );
  expect(asked.length).toBeGreaterThan(15);
  expect(asked.filter((name) => !names.has(name))).toEqual([]);
});

test("kruise's webhook for pods shows, and goes again", async () => {
  const name = "kruise-mutating-webhook-configuration";
  const shown = (value: number): Promise<unknown> =>
    eventually(async () => (await metrics()).includes(`outrigger_kruise_webhook_active ${value}`));
  await shown(0);
  await cluster.client.create(MutatingWebhookConfiguration, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: "mpod.kb.io",
        clientConfig: { service: { name: "kruise-webhook-service", namespace: "kruise-system" } },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        failurePolicy: "Ignore",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  } as never);
  await shown(1);
  await cluster.client.delete(MutatingWebhookConfiguration, { name });
  await shown(0);
});

function expressions(): string[] {
  const dashboard = JSON.parse(readFileSync(`${repository}deploy/grafana/dashboard.json`, "utf8")) as {
    panels: { targets: { expr: string }[] }[];
  };
  const alerts = parse(readFileSync(`${repository}deploy/grafana/alerts.yaml`, "utf8")) as {
    spec: { groups: { rules: { expr: string }[] }[] };
  };
  return [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...alerts.spec.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  ];
}
