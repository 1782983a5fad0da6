import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type Client, connect, StatusError } from "@outrigger/kit/client";
import { ConfigMap, Job, MutatingWebhookConfiguration, Namespace, Pod } from "@outrigger/kit/kinds";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster } from "./outrigger.ts";

let cluster: TestCluster;
let client: Client;
beforeAll(async () => {
  cluster = await startCluster();
  client = connect({ text: cluster.kubeconfig });
});
afterAll(async () => {
  await client?.close();
  await cluster?.close();
});

/** A webhook that takes its time; its paths are kept. */
async function startWebhook(milliseconds: number): Promise<{ server: Server; port: number; leaf: string; paths: string[] }> {
  const authority = createCa({ commonName: "webhook" });
  const { certificate, key } = issueCertificate(authority, { commonName: "hook", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  const paths: string[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    paths.push(request.url ?? "");
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString());
      setTimeout(() => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(
          JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, response: { uid: review.request.uid, allowed: true } }),
        );
      }, milliseconds);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    leaf: `${certificate.split("-----END CERTIFICATE-----")[0]!}-----END CERTIFICATE-----\n`,
    paths,
  };
}

describe("a webhook that takes 30 ms", () => {
  it("does not make patches without a version fail while others write, and is called at its clean path with its leaf as bundle", async () => {
    const hook = await startWebhook(30);
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "raced", namespace: "default", labels: { raced: "yes" } },
      data: {},
    });
    await client.create(MutatingWebhookConfiguration, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "slow" },
      webhooks: [
        {
          name: "slow.example.com",
          // No authority: the certificate itself, as envtest writes it; and a doubled slash, as it joins paths.
          clientConfig: { url: `https://127.0.0.1:${hook.port}//slow`, caBundle: Buffer.from(hook.leaf).toString("base64") },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["configmaps"] }],
          objectSelector: { matchLabels: { raced: "yes" } },
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
        },
      ],
    } as never);
    try {
      // API servers learn of configurations a moment later.
      await eventually(async () => {
        await client.patch(ConfigMap, { name: "raced", namespace: "default" }, {
          type: "merge",
          patch: { data: { first: `${hook.paths.length}` } },
        } as never);
        return hook.paths.length > 0;
      });
      const key = { name: "raced", namespace: "default" };
      const patchesOf = (writer: number, turn: number): Promise<unknown>[] => {
        const name = `w${writer}`;
        return [
          client.patch(ConfigMap, key, { type: "merge", patch: { data: { [name]: `m${turn}` } } }),
          client.patch(ConfigMap, key, { type: "strategic", patch: { data: { [`${name}s`]: `s${turn}` } } }),
          client.patch(ConfigMap, key, { type: "json", patch: [{ op: "add", path: `/data/${name}j`, value: `j${turn}` }] }),
          client.apply(
            ConfigMap,
            { apiVersion: "v1", kind: "ConfigMap", metadata: key, data: { [`${name}a`]: `a${turn}` } },
            { fieldManager: name, force: true },
          ),
        ];
      };
      const outcomes: PromiseSettledResult<unknown>[] = [];
      for (let turn = 0; turn < 3; turn++)
        outcomes.push(...(await Promise.allSettled([0, 1, 2, 3].flatMap((writer) => patchesOf(writer, turn)))));
      expect(
        outcomes.filter(({ status }) => status === "rejected").map((outcome) => String((outcome as PromiseRejectedResult).reason)),
      ).toEqual([]);
      expect(new Set(hook.paths.map((path) => path.split("?")[0]))).toEqual(new Set(["/slow"]));
      // A version that is named still counts.
      await expect(
        client.patch(ConfigMap, key, { type: "merge", patch: { metadata: { resourceVersion: "1" }, data: { x: "y" } } }),
      ).rejects.toBeInstanceOf(StatusError);
    } finally {
      await client.delete(MutatingWebhookConfiguration, { name: "slow" });
      hook.server.closeAllConnections();
      hook.server.close();
    }
  });
});

describe("Jobs that are deleted while their pods are made", () => {
  for (const propagationPolicy of ["Background", "Orphan"] as const) {
    it(`hold no pod by its finalizer, and their namespace ends (${propagationPolicy})`, async () => {
      const namespace = `jobs-${propagationPolicy.toLowerCase()}`;
      await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      for (let number = 0; number < 20; number++) {
        const name = `j${number}`;
        await client.create(Job, {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name, namespace },
          spec: {
            template: {
              spec: {
                restartPolicy: "Never",
                terminationGracePeriodSeconds: 0,
                containers: [{ name: "c", image: "busybox:1", command: ["true"] }],
              },
            },
          },
        } as never);
        // Spreads the deletions over 60 ms, so that some come before the Job's pod is created and some after.
        await new Promise((resolve) => setTimeout(resolve, number * 3));
        await client.delete(Job, { name, namespace }, { propagationPolicy });
      }
      await eventually(async () => {
        const pods = await client.list(Pod, { namespace });
        return pods.items.every(({ metadata }) => !metadata.finalizers?.length);
      });
      await client.delete(Namespace, { name: namespace });
      await eventually(async () => (await client.find(Namespace, { name: namespace })) === undefined, { timeoutMs: 60_000 });
    });
  }
});
