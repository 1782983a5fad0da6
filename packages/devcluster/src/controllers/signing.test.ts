import { X509Certificate } from "node:crypto";
import type { Client } from "@outrigger/kit/client";
import { connect } from "@outrigger/kit/client";
import { createCsr } from "@outrigger/kit/pki";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Devcluster } from "../index.ts";
import { CertificateSigningRequest, ClusterRole, Secret, ServiceAccount } from "../objects/index.ts";
import { startDevcluster } from "../start.ts";

let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster();
  client = await cluster.client();
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});
const eventually = (condition: () => Promise<void>) => vi.waitFor(condition, { timeout: 15_000, interval: 50 });

async function request(name: string, signerName: string, usages: string[], subject: Parameters<typeof createCsr>[0], as = client) {
  const { csr, key } = createCsr(subject);
  const made = await as.create(CertificateSigningRequest, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: { signerName, usages, request: Buffer.from(csr).toString("base64") },
  } as never);
  return { made, key };
}
async function approve(name: string): Promise<void> {
  const present = await client.get(CertificateSigningRequest, { name });
  const conditions = [{ type: "Approved", status: "True", reason: "Test", message: "" }];
  await client.update(CertificateSigningRequest, { ...present, status: { conditions } } as never, { subresource: "approval" });
}
const statusOf = async (name: string) => (await client.get(CertificateSigningRequest, { name })).status;

describe("certificate requests", () => {
  it("for clients are signed once approved, by the authority that the server trusts", async () => {
    const { key } = await request("jane", "kubernetes.io/kube-apiserver-client", ["client auth"], {
      commonName: "jane",
      organizations: ["dev"],
    });
    await approve("jane");
    await eventually(async () => expect((await statusOf("jane"))?.certificate).toBeDefined());
    const certificate = Buffer.from(String((await statusOf("jane"))?.certificate), "base64").toString();
    expect(new X509Certificate(certificate).checkIssued(new X509Certificate(cluster.ca))).toBe(true);
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: cluster.url, "certificate-authority-data": base64(cluster.ca) } }],
      users: [{ name: "jane", user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "jane" } }],
      "current-context": "c",
    };
    const jane = connect({ text: JSON.stringify(config) });
    const review = await jane.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
    });
    expect(review).toMatchObject({ status: { userInfo: { username: "jane", groups: ["dev", "system:authenticated"] } } });
    await jane.close();
  });

  it("with usages that their signer does not give fail, in Kubernetes' words", async () => {
    await request("wrong", "kubernetes.io/kube-apiserver-client", ["server auth", "client auth"], { commonName: "x" });
    await approve("wrong");
    await eventually(async () =>
      expect((await statusOf("wrong"))?.conditions).toContainEqual(
        expect.objectContaining({
          type: "Failed",
          reason: "SignerValidationFailure",
          message: "invalid usage for client certificate: server auth",
        }),
      ),
    );
  });

  // What a real controller-manager 1.36.3 made of the same requests.
  it("for kubelets' servers are signed for the names and addresses that they ask for", async () => {
    const kubelet = { commonName: "system:node:n1", organizations: ["system:nodes"], dnsNames: ["n1"], ipAddresses: ["10.0.0.7"] };
    await request("serving", "kubernetes.io/kubelet-serving", ["digital signature", "server auth"], kubelet);
    await approve("serving");
    await eventually(async () => expect((await statusOf("serving"))?.certificate).toBeDefined());
    const certificate = new X509Certificate(Buffer.from(String((await statusOf("serving"))?.certificate), "base64"));
    expect(certificate.checkIssued(new X509Certificate(cluster.ca))).toBe(true);
    expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:n1");
    expect(certificate.subjectAltName).toBe("DNS:n1, IP Address:10.0.0.7");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it.each([
    ["organization", { organizations: ["others"] }, ["server auth"], "subject organization is not system:nodes"],
    ["names", { dnsNames: [], ipAddresses: [] }, ["server auth"], "DNS or IP subjectAltName is required"],
    ["usage", {}, ["client auth"], "usages did not match [digital signature key encipherment server auth]"],
    ["usages", {}, ["server auth", "client auth"], "usages did not match [digital signature key encipherment server auth]"],
    ["name", { commonName: "n1" }, ["server auth"], "subject common name does not begin with system:node:"],
  ])("for kubelets' servers with another %s fail", async (what, change, usages, message) => {
    const kubelet = {
      commonName: "system:node:n1",
      organizations: ["system:nodes"],
      dnsNames: ["n1"],
      ipAddresses: ["10.0.0.7"],
      ...change,
    };
    await request(`serving-${what}`, "kubernetes.io/kubelet-serving", ["digital signature", ...usages], kubelet);
    await approve(`serving-${what}`);
    const failed = expect.objectContaining({ type: "Failed", reason: "SignerValidationFailure", message });
    await eventually(async () => expect((await statusOf(`serving-${what}`))?.conditions).toContainEqual(failed));
    expect((await statusOf(`serving-${what}`))?.certificate).toBeUndefined();
  });

  it("of a node that joins are approved by its rights", async () => {
    const binding = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "bootstrap" },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
      },
      subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:bootstrappers" }],
    };
    const creator = { ...binding, metadata: { name: "creators" }, roleRef: { ...binding.roleRef, name: "system:node-bootstrapper" } };
    for (const one of [binding, creator]) {
      await client.request({
        method: "POST",
        path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(one),
      });
    }
    const node = await cluster.client({ username: "system:bootstrap:abc", groups: ["system:bootstrappers", "system:authenticated"] });
    const usages = ["digital signature", "client auth"];
    await request(
      "node",
      "kubernetes.io/kube-apiserver-client-kubelet",
      usages,
      { commonName: "system:node:n1", organizations: ["system:nodes"] },
      node,
    );
    await eventually(async () => expect((await statusOf("node"))?.certificate).toBeDefined());
    expect((await statusOf("node"))?.conditions?.[0]).toMatchObject({ type: "Approved", reason: "AutoApproved" });
    await node.close();
  });
});

describe("a ServiceAccount's token in a Secret", () => {
  it("names its account, and is worth nothing without the Secret", async () => {
    const namespace = "default";
    await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace } } as never);
    await client.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/service-account-token",
      metadata: { name: "robot-token", namespace, annotations: { "kubernetes.io/service-account.name": "robot" } },
    } as never);
    await eventually(async () => expect((await client.get(Secret, { namespace, name: "robot-token" })).data?.["token"]).toBeDefined());
    const { data } = await client.get(Secret, { namespace, name: "robot-token" });
    const token = Buffer.from(data!["token"]!, "base64").toString();
    const review = async () =>
      (await client.request({
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/tokenreviews",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } }),
      })) as { status: { authenticated?: boolean; user?: { username: string } } };
    expect((await review()).status.user?.username).toBe("system:serviceaccount:default:robot");
    await client.delete(ServiceAccount, { namespace, name: "robot" });
    await eventually(async () => expect(await client.find(Secret, { namespace, name: "robot-token" })).toBeUndefined());
    expect((await review()).status.authenticated ?? false).toBe(false);
  });
});

describe("an aggregated ClusterRole", () => {
  it("has the rules of the roles that it selects, and of no others", async () => {
    const role = (name: string, more: object): never =>
      ({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, ...more }) as never;
    await client.create(
      ClusterRole,
      role("all", { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: "all" } }] }, rules: [] }),
    );
    const rules = [{ apiGroups: ["x.example.com"], resources: ["things"], verbs: ["get"] }];
    await client.create(ClusterRole, {
      ...(role("part", { rules }) as object),
      metadata: { name: "part", labels: { to: "all" } },
    } as never);
    await eventually(async () => expect((await client.get(ClusterRole, { name: "all" })).rules).toEqual(rules));
    await client.delete(ClusterRole, { name: "part" });
    await eventually(async () => expect((await client.get(ClusterRole, { name: "all" })).rules ?? []).toEqual([]));
    // Those of Kubernetes itself, which extensions add to.
    await client.create(ClusterRole, {
      ...(role("mine", { rules }) as object),
      metadata: { name: "mine", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
    } as never);
    await eventually(async () => expect((await client.get(ClusterRole, { name: "view" })).rules).toContainEqual(rules[0]));
  });
});
