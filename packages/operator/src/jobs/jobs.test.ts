import { readFileSync } from "node:fs";
import type { AdmissionRequest } from "@outrigger/kit/webhook";
import { describe, expect, test } from "vitest";
import { mutateJob, readJobReasons } from "./admission.ts";
import type { JobField, NamedPolicy } from "./decide.ts";
import { evidenceOf } from "./evidence.ts";
import { decideObject, JobPolicies, type JobPolicyObject, type JobPolicySpec } from "./index.ts";

interface Row {
  readonly mode: string;
  readonly evidence: "written" | "defaulted" | "unknown";
  readonly kind: "Job" | "CronJob";
  readonly perIndex?: boolean;
  readonly assumeDefaulted?: boolean;
  readonly field: JobField;
  readonly current: unknown;
  readonly value: unknown;
  readonly result: unknown;
  readonly action: string;
}
const rows = JSON.parse(readFileSync(new URL("truth-table.data.json", import.meta.url), "utf8")) as readonly Row[];

const policy = (spec: object, name = "p"): NamedPolicy => ({ name, spec: { priority: 0, ...spec } as unknown as JobPolicySpec });
/** A Job or CronJob as the webhook gets it from whoever leaves such evidence. */
function object(kind: "Job" | "CronJob", spec: object, evidence: Row["evidence"] = "unknown", field: string = "backoffLimit") {
  const wrap = (inner: object) => (kind === "Job" ? inner : { schedule: "0 0 * * *", jobTemplate: { spec: inner } });
  const applied = evidence === "written" ? { [field]: 0 } : {};
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ spec: wrap(applied) }) };
  return {
    apiVersion: "batch/v1",
    kind,
    metadata: { name: "j", ...(evidence === "unknown" ? {} : { annotations }) },
    spec: wrap({ template: { spec: { restartPolicy: "Never" } }, ...spec }) as Record<string, unknown>,
  };
}
const request = (of: object, more: object = {}) =>
  ({ uid: "1", operation: "CREATE", object: of, namespace: "default", ...more }) as unknown as AdmissionRequest;

describe("the truth table", () => {
  for (const row of rows) {
    const { mode, evidence, kind, perIndex, assumeDefaulted, field, current, value, result, action } = row;
    const name = `${mode} ${field} ${String(value)}: ${kind}${perIndex ? " per index" : ""}, ${String(current)} ${evidence}${assumeDefaulted ? ", assumed" : ""} → ${action}`;
    test(name, () => {
      const given = object(
        kind,
        { ...(current === null ? {} : { [field]: current }), ...(perIndex ? { backoffLimitPerIndex: 1 } : {}) },
        evidence,
        field,
      );
      const decision = decideObject(given, [policy({ [field]: { mode, value }, ...(assumeDefaulted ? { assumeDefaulted } : {}) })]);
      expect(decision?.changes[field] ?? current).toEqual(result);
      expect(decision?.reasons).toMatchObject([{ policy: "p", field, action }]);
    });
  }
});

describe("what tells that somebody wrote a field", () => {
  const path = ["spec", "backoffLimit"];
  test("server-side apply owns what was applied; creating and updating say nothing, and neither does a write of the status", () => {
    const owns = (operation: string, fields: object, more: object = {}) =>
      evidenceOf({ managedFields: [{ operation, fieldsV1: fields, ...more }] }, path);
    expect(owns("Apply", { "f:spec": { "f:backoffLimit": {} } })).toBe("written");
    expect(owns("Apply", { "f:spec": { "f:template": {} } })).toBe("defaulted");
    expect(owns("Update", { "f:spec": { "f:backoffLimit": {} } })).toBe("unknown");
    expect(owns("Apply", { "f:status": {} }, { subresource: "status" })).toBe("unknown");
  });

  test("an annotation that cannot be read tells nothing", () => {
    expect(evidenceOf({ annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{" } }, path)).toBe("unknown");
  });
});

describe("a podFailurePolicy", () => {
  const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }];
  const set = policy({ podFailurePolicy: { mode: "set", rules } });
  const reasons = (spec: object, of: NamedPolicy = set, evidence: Row["evidence"] = "unknown") =>
    decideObject(object("Job", spec, evidence, "podReplacementPolicy"), [of]);

  test("is set together with the podReplacementPolicy that it needs, where nobody wrote another", () => {
    expect(reasons({ podReplacementPolicy: "TerminatingOrFailed" }, set, "defaulted")?.changes).toEqual({
      podFailurePolicy: { rules },
      podReplacementPolicy: "Failed",
    });
    expect(reasons({ podReplacementPolicy: "Failed" })?.changes).toEqual({ podFailurePolicy: { rules } });
    const both = policy({ podFailurePolicy: { mode: "set", rules }, podReplacementPolicy: { mode: "set", value: "Failed" } });
    expect(reasons({ podReplacementPolicy: "TerminatingOrFailed" }, both)?.changes).toEqual({
      podFailurePolicy: { rules },
      podReplacementPolicy: "Failed",
    });
  });

  test("is left out with a reason otherwise", () => {
    const message = (spec: object, of: NamedPolicy = set, evidence: Row["evidence"] = "unknown") => reasons(spec, of, evidence)?.reasons[0];
    expect(message({ template: { spec: { restartPolicy: "OnFailure" } } })).toMatchObject({
      action: "skipped",
      message: "podFailurePolicy needs restartPolicy Never, and the Job's pods have OnFailure",
    });
    expect(message({ podReplacementPolicy: "TerminatingOrFailed" }, set, "written")?.message).toContain(
      "and the Job says TerminatingOrFailed",
    );
    expect(message({ podReplacementPolicy: "TerminatingOrFailed" })?.message).toContain("nothing tells whether somebody wrote it");
    const perIndex = policy({ podFailurePolicy: { mode: "set", rules: [{ action: "FailIndex" }] } });
    expect(message({}, perIndex)?.message).toContain("needs backoffLimitPerIndex");
    expect(message({ podFailurePolicy: { rules: [] } }, policy({ podFailurePolicy: { mode: "default", rules } }))?.message).toBe(
      "the Job has a podFailurePolicy",
    );
  });
});

describe("the webhook", () => {
  const cap = policy({ backoffLimit: { mode: "cap", value: 2 } });
  test("changes the Job, warns whoever made it, and leaves word in an annotation", () => {
    const answer = mutateJob(request(object("Job", { backoffLimit: 6 })), [cap], () => {});
    expect(answer).toMatchObject({
      allowed: true,
      warnings: ["JobPolicy p: backoffLimit 6 becomes 2: the policy allows no more"],
      patch: [
        { op: "replace", path: "/spec/backoffLimit", value: 2 },
        { op: "add", path: "/metadata/annotations" },
      ],
    });
    const value = (answer as unknown as { patch: { value: Record<string, string> }[] }).patch[1]?.value;
    expect(readJobReasons(value)).toMatchObject([{ policy: "p", field: "backoffLimit", action: "set" }]);
  });

  test("changes the template of a CronJob", () => {
    const answer = mutateJob(request(object("CronJob", {})), [cap], () => {});
    expect(answer).toMatchObject({ patch: [{ op: "add", path: "/spec/jobTemplate/spec/backoffLimit", value: 2 }, {}] });
  });

  test("looks at a Job's update only where it changes a limit", () => {
    const update = (from: number, to: number) =>
      mutateJob(
        request(object("Job", { backoffLimit: to }), { operation: "UPDATE", oldObject: object("Job", { backoffLimit: from }) }),
        [cap],
        () => {},
      );
    expect(update(6, 6)).toEqual({ allowed: true });
    expect(update(2, 9)).toMatchObject({ patch: [{ op: "replace", path: "/spec/backoffLimit", value: 2 }, {}] });
  });
});

describe("which policy counts", () => {
  const stored = (name: string, spec: object) =>
    ({ metadata: { name }, spec: { priority: 0, backoffLimit: { mode: "set", value: 1 }, ...spec } }) as unknown as JobPolicyObject;
  const names = (policies: readonly JobPolicyObject[], labels = {}, namespaceLabels = {}) =>
    new JobPolicies(policies).selecting(labels, namespaceLabels).map(({ name }) => name);

  test("goes by priority, then by name, and by the labels of Job and namespace", () => {
    expect(names([stored("b", {}), stored("a", {}), stored("c", { priority: 1 })])).toEqual(["c", "a", "b"]);
    const some = [
      stored("a", { selector: { matchLabels: { team: "x" } } }),
      stored("b", { namespaceSelector: { matchLabels: { env: "prod" } } }),
    ];
    expect(names(some)).toEqual([]);
    expect(names(some, { team: "x" }, { env: "prod" })).toEqual(["a", "b"]);
  });

  test("the first that says something of a field counts, whatever it does", () => {
    const first = policy({ backoffLimit: { mode: "default", value: 1 } }, "first");
    const second = policy({ backoffLimit: { mode: "set", value: 9 }, activeDeadlineSeconds: { mode: "set", value: 60 } }, "second");
    const decision = decideObject(object("Job", { backoffLimit: 4 }), [first, second]);
    expect(decision?.changes).toEqual({ activeDeadlineSeconds: 60 });
    expect(decision?.reasons.map(({ policy: by, field, action }) => [by, field, action])).toEqual([
      ["first", "backoffLimit", "skipped"],
      ["second", "activeDeadlineSeconds", "set"],
    ]);
  });
});
