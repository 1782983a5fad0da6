// What the API server judges itself: policies, limits, quotas and the Pod Security Standards. A real one says the same, word for word.
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { startCluster } from "./outrigger.ts";

let cluster: TestCluster;
let kubectl: Kubectl;
beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
});
afterAll(() => cluster?.close());

const pod = (name: string, container: object = {}, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "c", image: "busybox:1", ...container }], ...spec },
});
const namespaced = async (name: string, labels: Record<string, string> = {}): Promise<void> => {
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  await eventually(async () => (await kubectl.try("-n", name, "get", "serviceaccount", "default")).exitCode === 0);
};
const feed = (object: object, ...args: string[]) => kubectl.feed(JSON.stringify(object), ...args, "-f", "-");
async function apply(...items: object[]): Promise<void> {
  const { exitCode, stderr } = await feed({ apiVersion: "v1", kind: "List", items }, "apply");
  if (exitCode !== 0) throw new Error(stderr);
}
/** What `kubectl create` says, without the file's name. */
async function create(namespace: string, object: object): Promise<string> {
  const { stdout, stderr } = await feed(object, "-n", namespace, "create");
  return `${stderr}${stdout}`.replace(/^Error from server \(\w+\): (?:error when creating "STDIN": )?/gm, "").trim();
}

describe("LimitRanges", () => {
  it("give containers their defaults, and refuse what is outside of their bounds", async () => {
    await namespaced("limits");
    await apply({
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "l", namespace: "limits" },
      spec: {
        limits: [
          {
            type: "Container",
            default: { cpu: "500m", memory: "128Mi" },
            defaultRequest: { cpu: "100m" },
            max: { cpu: "1" },
            min: { cpu: "50m" },
            maxLimitRequestRatio: { memory: "2" },
          },
          { type: "Pod", max: { cpu: "2" } },
          { type: "PersistentVolumeClaim", max: { storage: "2Gi" }, min: { storage: "1Gi" } },
        ],
      },
    });
    await eventually(async () => {
      await kubectl.try("-n", "limits", "delete", "pod", "p", "--now");
      return (
        (await create("limits", pod("p"))) === "pod/p created" &&
        (await kubectl("-n", "limits", "get", "pod", "p", "-o", "yaml")).includes("limit-ranger")
      );
    });
    const made = JSON.parse(await kubectl("-n", "limits", "get", "pod", "p", "-o", "json"));
    expect(made.spec.containers[0].resources).toEqual({
      limits: { cpu: "500m", memory: "128Mi" },
      requests: { cpu: "100m", memory: "128Mi" },
    });
    expect(made.metadata.annotations["kubernetes.io/limit-ranger"]).toBe(
      "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c",
    );
    const big = pod("big", { resources: { limits: { cpu: "3", memory: "1Gi" }, requests: { cpu: "10m", memory: "100Mi" } } });
    const said = await create("limits", big);
    for (const part of [
      "minimum cpu usage per Container is 50m, but request is 10m",
      "maximum cpu usage per Container is 1, but limit is 3",
      "memory max limit to request ratio per Container is 2, but provided ratio is 10.240000",
      "maximum cpu usage per Pod is 2, but limit is 3",
    ])
      expect(said).toContain(part);
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "v" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } },
    };
    expect(await create("limits", claim)).toBe(
      'persistentvolumeclaims "v" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
  });
});

describe("ResourceQuotas", () => {
  const quotaStatus = async (name: string) =>
    JSON.parse(await kubectl("-n", "quotas", "get", "resourcequota", name, "-o", "json")).status ?? {};
  it("count what is there, and refuse what is too much", async () => {
    await namespaced("quotas");
    const hard = {
      pods: "2",
      "requests.cpu": "1",
      "limits.memory": "1Gi",
      "count/configmaps": "3",
      services: "1",
      "services.nodeports": "0",
      "count/deployments.apps": "1",
    };
    await apply(
      { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "quotas" }, spec: { hard } },
      {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "be", namespace: "quotas" },
        spec: { hard: { pods: "1" }, scopes: ["BestEffort"] },
      },
    );
    await eventually(async () => (await quotaStatus("q")).used?.["count/configmaps"] === "1");
    expect(await create("quotas", pod("p"))).toBe(
      'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
    );
    const sized = { resources: { limits: { cpu: "600m", memory: "100Mi" } } };
    expect(await create("quotas", pod("one", sized))).toBe("pod/one created");
    expect(await create("quotas", pod("two", sized))).toBe(
      'pods "two" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    const map = (name: string): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
    const answers = await Promise.all(["c1", "c2", "c3", "c4"].map((name) => create("quotas", map(name))));
    // Two of four that come at once have room.
    expect(answers.filter((answer) => answer.endsWith(" created"))).toHaveLength(2);
    expect(answers.find((answer) => answer.includes("forbidden"))).toMatch(
      /configmaps "c\d" is forbidden: exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3/,
    );
    expect(await create("quotas", { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } })).toBe(
      "service/s created",
    );
    expect(
      await create("quotas", {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "n" },
        spec: { type: "NodePort", ports: [{ port: 80 }] },
      }),
    ).toBe(
      'services "n" is forbidden: exceeded quota: q, requested: services=1,services.nodeports=1, used: services=1,services.nodeports=0, limited: services=1,services.nodeports=0',
    );
    await eventually(async () => (await quotaStatus("q")).used?.["requests.cpu"] === "600m");
    expect((await quotaStatus("q")).used).toEqual({
      pods: "1",
      "requests.cpu": "600m",
      "limits.memory": "100Mi",
      "count/configmaps": "3",
      services: "1",
      "services.nodeports": "0",
      "count/deployments.apps": "0",
    });
    expect((await quotaStatus("be")).used).toEqual({ pods: "0" });
    await kubectl("-n", "quotas", "delete", "pod", "one", "--now");
    await eventually(async () => (await quotaStatus("q")).used?.pods === "0");
  });
});

describe("the Pod Security Standards", () => {
  it("refuse, warn of workloads, and tell of pods that are there when a level is tightened", async () => {
    await namespaced("restricted", { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted" });
    await namespaced("baseline", { "pod-security.kubernetes.io/enforce": "baseline" });
    const missing = (name: string): string =>
      `allowPrivilegeEscalation != false (container "${name}" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "${name}" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "${name}" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "${name}" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`;
    expect(await create("restricted", pod("p"))).toBe(`pods "p" is forbidden: violates PodSecurity "restricted:latest": ${missing("c")}`);
    expect(await create("baseline", pod("p"))).toBe("pod/p created");
    const secured = {
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      },
    };
    expect(await create("restricted", pod("good", secured))).toBe("pod/good created");
    const host = pod(
      "host",
      { ports: [{ containerPort: 80, hostPort: 80 }], securityContext: { privileged: true, capabilities: { add: ["SYS_ADMIN"] } } },
      { hostNetwork: true, hostPID: true, volumes: [{ name: "h", hostPath: { path: "/" } }] },
    );
    expect(await create("baseline", host)).toBe(
      'pods "host" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume "h"), hostPort (container "c" uses hostPort 80), privileged (container "c" must not set securityContext.privileged=true)',
    );
    const deployment = await kubectl.try("-n", "restricted", "create", "deployment", "d", "--image=busybox:1");
    expect(deployment.stderr).toContain(`Warning: would violate PodSecurity "restricted:latest": ${missing("busybox")}`);
    const label = (value: string) =>
      kubectl.try("label", "namespace", "baseline", "--overwrite", `pod-security.kubernetes.io/enforce=${value}`);
    expect((await label("nope")).stderr).toContain(
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "nope": must be one of privileged, baseline, restricted',
    );
    expect((await label("restricted")).stderr).toBe(
      'Warning: existing pods in namespace "baseline" violate the new PodSecurity enforce level "restricted:latest"\nWarning: p: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile\n',
    );
  });
});

describe("ValidatingAdmissionPolicies", () => {
  const deployment = (name: string, replicas: number): object => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "busybox:1" }] } },
    },
  });

  it("judge with parameters, variables, conditions and rights, and deny or warn as bindings say", async () => {
    await namespaced("judged", { team: "x" });
    await apply(
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "pol" },
        spec: {
          failurePolicy: "Fail",
          paramKind: { apiVersion: "v1", kind: "ConfigMap" },
          matchConstraints: {
            resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] }],
          },
          matchConditions: [{ name: "named", expression: "!object.metadata.name.startsWith('skip')" }],
          variables: [
            { name: "r", expression: "object.spec.replicas" },
            { name: "twice", expression: "variables.r * 2" },
          ],
          validations: [
            {
              expression: "variables.twice <= int(params.data.max) * 2",
              messageExpression: "'replicas ' + string(variables.r) + ' above ' + params.data.max",
              reason: "Forbidden",
            },
            { expression: "has(object.metadata.labels) && 'app' in object.metadata.labels" },
            { expression: "namespaceObject.metadata.labels.team == 'x' && request.userInfo.username != ''", message: "wrong team" },
            {
              expression: "authorizer.group('').resource('pods').namespace(request.namespace).check('create').allowed()",
              message: "may not",
            },
          ],
        },
      },
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name: "bind" },
        spec: {
          policyName: "pol",
          validationActions: ["Deny"],
          paramRef: { name: "lim", namespace: "judged", parameterNotFoundAction: "Deny" },
          matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "judged" } } },
        },
      },
    );
    const first =
      "ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    await eventually(async () => (await create("judged", deployment("a", 5))).includes(first));
    await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "lim", namespace: "judged" }, data: { max: "3" } });
    await eventually(
      async () =>
        (await create("judged", deployment("a", 5))) ===
        "deployments.apps \"a\" is forbidden: ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: replicas 5 above 3",
    );
    const unlabelled = { ...deployment("u", 1), metadata: { name: "u" } };
    expect(await create("judged", unlabelled)).toBe(
      "The deployments \"u\" is invalid: : ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: failed expression: has(object.metadata.labels) && 'app' in object.metadata.labels",
    );
    expect(await create("judged", deployment("skip", 9))).toBe("deployment.apps/skip created");
    expect(await create("judged", deployment("b", 2))).toBe("deployment.apps/b created");
    expect(await create("default", deployment("c", 9))).toBe("deployment.apps/c created");
    await kubectl("patch", "validatingadmissionpolicybinding", "bind", "--type=merge", "-p", '{"spec":{"validationActions":["Warn"]}}');
    await eventually(
      async () =>
        (await create("judged", deployment("w", 9))) ===
        "Warning: Validation failed for ValidatingAdmissionPolicy 'pol' with binding 'bind': replicas 9 above 3\ndeployment.apps/w created",
    );
  });

  it("are refused with each expression that is wrong", async () => {
    const { stderr } = await feed(
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "bad" },
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
          },
          variables: [
            { name: "1x", expression: "object.spec" },
            { name: "ok", expression: "variables.nope" },
          ],
          validations: [
            { expression: "object.spec.replicas" },
            { expression: "params.x == 1" },
            { expression: "true", messageExpression: "1", reason: "Nope" },
            { expression: "" },
          ],
        },
      },
      "apply",
    );
    for (const part of [
      'spec.variables[0].name: Invalid value: "1x": must be a valid CEL identifier',
      "spec.variables[1].expression: Invalid value: \"variables.nope\": compilation failed: ERROR: <input>:1:10: undefined field 'nope'",
      'spec.validations[0].expression: Invalid value: "object.spec.replicas": must evaluate to bool but got dyn',
      "spec.validations[1].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')",
      'spec.validations[2].messageExpression: Invalid value: "1": must evaluate to string but got int',
      'spec.validations[2].reason: Unsupported value: "Nope": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      "spec.validations[3].expression: Required value: expression is not specified",
    ])
      expect(stderr).toContain(part);
  });
});
