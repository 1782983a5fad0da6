import { describe, expect, test } from "vitest";
import { selectsFields } from "./field-selection.ts";

const node = (spec: object) => ({ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec });
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default" },
  spec: { nodeName: "n1", hostNetwork: true, priority: 7, containers: [] },
  status: { phase: "Running" },
};

describe("what a field selector selects is read off the object:", () => {
  test.for([
    ["metadata.name=p", true],
    ["metadata.name=q", false],
    ["metadata.namespace!=default", false],
    ["spec.nodeName=n1,status.phase!=Pending", true],
    ["spec.nodeName=n1,status.phase=Pending", false],
    ["spec.hostNetwork=true", true],
    ["spec.priority==7", true],
    ["status.nominatedNodeName=", true],
    ["status.nominatedNodeName!=", false],
    ["status.nominatedNodeName=n1", false],
    ["status.phase.more=x", false],
    ["constructor.name=Object", false],
  ] as const)("%s: %s", ([selector, selected]) => {
    expect(selectsFields(selector, pod)).toBe(selected);
  });
});

describe("where the object does not tell, nothing is claimed:", () => {
  test("a flag that is absent is false for Kubernetes' own kinds, and nothing for others", () => {
    expect(selectsFields("spec.unschedulable=false", node({}))).toBeUndefined();
    expect(selectsFields("spec.unschedulable=true", node({}))).toBe(false);
    expect(selectsFields("spec.unschedulable=false", node({ unschedulable: true }))).toBe(false);
  });
  test("fields that are no path into the object", () => {
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, status: { succeeded: 1 } };
    expect(selectsFields("status.successful=1", job)).toBeUndefined();
    expect(selectsFields("status.successful=1,metadata.name=other", job)).toBe(false);
    expect(selectsFields("spec.host=n1", pod)).toBeUndefined();
  });
  test("what is no single value", () => {
    expect(selectsFields("spec.containers=x", pod)).toBeUndefined();
  });
});
