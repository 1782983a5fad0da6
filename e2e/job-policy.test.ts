import { eventually } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Kubectl } from "./kubectl.ts";
import { type Outrigger, outrigger, startOutrigger } from "./outrigger.ts";

let running: Outrigger;
let kubectl: Kubectl;

beforeAll(async () => {
  running = await startOutrigger();
  kubectl = running.kubectl;
});
afterAll(async () => {
  await running?.stop();
});
afterEach(async () => {
  await kubectl("delete", "jobpolicies,jobs,cronjobs", "--all", "--wait=false");
});

const policy = async (spec: object): Promise<void> => {
  const object = { apiVersion: "outrigger.dev/v1alpha1", kind: "JobPolicy", metadata: { name: "limits" }, spec };
  const { stderr, exitCode } = await kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
};
const job = (name: string, spec: object = {}) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name, labels: { team: "data" } },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "work", image: "busybox:1", command: ["false"] }] } }, ...spec },
});
/** Creates an object, and gives what kubectl warned of and what is stored. */
async function made(
  object: { kind: string; metadata: { name: string } },
  ...how: string[]
): Promise<{ stderr: string; spec: Record<string, unknown> }> {
  const { stderr, exitCode } = await kubectl.feed(JSON.stringify(object), ...(how.length > 0 ? how : ["create"]), "-f", "-");
  expect(exitCode, stderr).toBe(0);
  const { spec } = JSON.parse(await kubectl("get", object.kind, object.metadata.name, "-o", "json")) as { spec: Record<string, unknown> };
  return { stderr, spec };
}

test("a cap limits every Job from its creation on, says so, and is explained", async () => {
  await policy({
    selector: { matchLabels: { team: "data" } },
    backoffLimit: { mode: "cap", value: 2 },
    ttlSecondsAfterFinished: { mode: "default", value: 600 },
  });
  const warned = await eventually(async () => {
    const { stderr, spec } = await made(job("capped"));
    if (spec["backoffLimit"] === 2) return { stderr, spec };
    await kubectl("delete", "job", "capped");
    return undefined;
  });
  expect(warned.stderr).toContain("Warning: JobPolicy limits: backoffLimit 6 becomes 2: the policy allows no more");
  expect(warned.spec).toMatchObject({ backoffLimit: 2, ttlSecondsAfterFinished: 600 });
  await kubectl("patch", "job", "capped", "-p", '{"spec":{"backoffLimit":9}}');
  expect(await kubectl("get", "job", "capped", "-o", "jsonpath={.spec.backoffLimit}")).toBe("2");
  const { stdout } = await outrigger(["explain", "job", "capped", "--kubeconfig", running.cluster.kubeconfigFile]);
  expect(stdout).toMatch(/JobPolicy\/limits +backoffLimit +set +backoffLimit \d becomes 2: the policy allows no more +recorded/);
  expect(await kubectl("get", "jobpolicies")).toMatch(
    /^NAME +BACKOFF-LIMIT +MODE +DEADLINE +TTL +PRIORITY +READY +AGE\nlimits +2 +cap +600 +0 +True /,
  );
});

test("a default leaves what was applied alone, and acts where nothing was, whichever way of applying", async () => {
  await policy({ backoffLimit: { mode: "default", value: 1 } });
  await eventually(async () => {
    if ((await made(job("probe"), "apply")).spec["backoffLimit"] === 1) return true;
    await kubectl("delete", "job", "probe");
    return false;
  });
  for (const how of [["apply"], ["apply", "--server-side"]]) {
    const suffix = how.length;
    expect((await made(job(`written-${suffix}`, { backoffLimit: 6 }), ...how)).spec["backoffLimit"]).toBe(6);
    expect((await made(job(`silent-${suffix}`), ...how)).spec["backoffLimit"]).toBe(1);
  }
  // Created, it carries a 6 that nobody can tell from a written one.
  expect((await made(job("unknown"))).spec["backoffLimit"]).toBe(6);
  const { stdout } = await outrigger(["explain", "job", "unknown", "--kubeconfig", running.cluster.kubeconfigFile]);
  expect(stdout).toContain("nothing tells whether somebody wrote it; assumeDefaulted: true acts on it");
});

test("a CronJob's template and a podFailurePolicy are set, and its Jobs have them", async () => {
  const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }];
  await policy({ backoffLimit: { mode: "set", value: 0 }, podFailurePolicy: { mode: "set", rules } });
  const cron = {
    ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "nightly" } },
    spec: { schedule: "0 3 * * *", jobTemplate: { spec: job("x").spec } },
  };
  await eventually(async () => {
    const { spec } = await made(cron, "apply");
    const template = (spec["jobTemplate"] as { spec: { backoffLimit?: number; podFailurePolicy?: object } }).spec;
    if (template.backoffLimit === 0) return template.podFailurePolicy;
    await kubectl("delete", "cronjob", "nightly");
    return undefined;
  });
  await kubectl("create", "job", "by-hand", "--from=cronjob/nightly");
  const { spec } = JSON.parse(await kubectl("get", "job", "by-hand", "-o", "json")) as { spec: Record<string, unknown> };
  expect(spec).toMatchObject({ backoffLimit: 0, podReplacementPolicy: "Failed", podFailurePolicy: { rules: [{ action: "FailJob" }] } });
});

test("the API server refuses what the schema can see is wrong", async () => {
  const refused = async (spec: object) =>
    (
      await kubectl.feed(
        JSON.stringify({ apiVersion: "outrigger.dev/v1alpha1", kind: "JobPolicy", metadata: { name: "bad" }, spec }),
        "apply",
        "-f",
        "-",
      )
    ).stderr;
  expect(await refused({})).toContain("the policy says nothing");
  expect(await refused({ backoffLimit: { mode: "most", value: 1 } })).toContain('supported values: "default", "cap", "set"');
  expect(await refused({ activeDeadlineSeconds: { mode: "set", value: 0 } })).toContain("a deadline is at least 1 second");
  expect(await refused({ podFailurePolicy: { mode: "set", rules: [{ action: "Ignore" }] } })).toContain(
    "exactly one of onExitCodes and onPodConditions",
  );
});
