import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClusterFileError, type Devcluster, startDevcluster } from "../../index.ts";
import { readAuditPolicy } from "./index.ts";

const policyText = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    nonResourceURLs: ["/readyz*", "/version"]
  - level: Metadata
    resources: [{ group: "", resources: [secrets] }]
  - level: RequestResponse
    omitManagedFields: true
    namespaces: [default]
    resources: [{ group: "", resources: ["configmaps", "pods/*"] }]
  - level: Request
    userGroups: [developers]
    verbs: [list]
`;
let folder: string;
let log: string;
let cluster: Devcluster;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-audit-"));
  log = join(folder, "audit.log");
  writeFileSync(join(folder, "policy.yaml"), policyText);
  cluster = await startDevcluster({ bare: true, audit: { log, policy: join(folder, "policy.yaml") } });
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

type Event = Record<string, never> & { readonly stage: string; readonly auditID: string };
const events = (): Event[] =>
  readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
/** Sends a request and gives its answer's status and the events about it. */
async function audited(method: string, path: string, body?: object, user?: { username: string; groups: string[] }): Promise<Event[]> {
  const answer = await cluster.transport(user).request({
    method,
    path,
    headers: { "content-type": "application/json", "user-agent": "tester/1" },
    ...(body ? { body: Buffer.from(JSON.stringify(body)) } : {}),
  });
  await answer.text();
  const id = answer.headers["audit-id"];
  if (id === undefined) return [];
  return eventually(() => {
    const found = events().filter((event) => event.auditID === id);
    return found.length > 0 && found;
  });
}

test("a rule says how much is written of a request: its metadata, or its body and the answer too", async () => {
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } };
  const [whole, ...rest] = await audited("POST", "/api/v1/namespaces/default/configmaps?fieldManager=me", map);
  expect(rest).toEqual([]);
  expect(whole).toMatchObject({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/default/configmaps?fieldManager=me",
    verb: "create",
    user: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
    userAgent: "tester/1",
    objectRef: { resource: "configmaps", namespace: "default", apiVersion: "v1" },
    requestObject: map,
    responseObject: { metadata: { name: "a", namespace: "default" }, data: { k: "v" } },
    responseStatus: { metadata: {}, code: 201 },
    annotations: { "authorization.k8s.io/decision": "allow" },
  });
  expect(JSON.stringify(whole)).not.toContain("managedFields");
  expect((whole as unknown as { stageTimestamp: string }).stageTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { password: "hunter2" } };
  const [bare] = await audited("POST", "/api/v1/namespaces/default/secrets", secret);
  expect(bare).toMatchObject({ level: "Metadata", objectRef: { resource: "secrets" } });
  expect(readFileSync(log, "utf8")).not.toContain("hunter2");
});

test("a refusal is written with its reason, and what no rule names is not written", async () => {
  const alice = { username: "alice", groups: ["developers"] };
  const [refused] = await audited("GET", "/api/v1/pods", undefined, alice);
  expect(refused).toMatchObject({
    level: "Request",
    user: { username: "alice" },
    responseStatus: { code: 403, status: "Failure", reason: "Forbidden" },
    annotations: { "authorization.k8s.io/decision": "forbid" },
  });
  expect(await audited("GET", "/api/v1/nodes")).toEqual([]);
  expect(await audited("GET", "/version")).toEqual([]);
});

test("the file is its owner's alone", () => {
  expect(statSync(log).mode & 0o777).toBe(0o600);
});

test.each([
  ["kind: Pod", "an audit policy is an audit.k8s.io/v1 Policy"],
  ["apiVersion: audit.k8s.io/v1\nkind: Policy", "a policy without rules writes nothing"],
  ["apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Everything}]", "rules[0].level: Everything, must be one of None"],
  ["apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, user: [a]}]", "rules[0]: unknown field user"],
  ["apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, omitStages: [Never]}]", "there is no stage Never"],
  ["{", "cannot read the audit policy"],
])("the policy %j is refused", async (text, message) => {
  const file = join(folder, "bad.yaml");
  writeFileSync(file, text);
  await expect(readAuditPolicy(file)).rejects.toThrow(ClusterFileError);
  await expect(readAuditPolicy(file)).rejects.toThrow(message);
});

test("/metrics counts requests by what they asked for and how they were answered", async () => {
  await audited("GET", "/api/v1/namespaces/default/configmaps/nothing");
  await audited("GET", "/apis/nobody.example.com/v1/things");
  const page = await (await cluster.transport().request({ method: "GET", path: "/metrics" })).text();
  const labels = 'verb="GET",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"';
  expect(page).toContain(`apiserver_request_total{${labels},code="404"} 1`);
  expect(page).toContain(`apiserver_request_duration_seconds_count{${labels}} 1`);
  expect(page).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1');
  expect(page).not.toContain("things");
  expect(page).toMatch(/^outrigger_devcluster_revision \d+$/m);
});
