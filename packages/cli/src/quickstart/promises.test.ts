import { expect, test } from "vitest";
import { check, type PodView } from "./promises.ts";

const discovery = (ready: boolean): PodView => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "basic-discovery-1", namespace: "tidb-cluster" },
  spec: { containers: [{ name: "discovery" }, { name: "network-delay-sidecar", ports: [{ containerPort: 2332 }] }] },
  status: {
    containerStatuses: [
      { name: "discovery", ready: true },
      { name: "network-delay-sidecar", ready },
    ],
  },
});

test("a promise that holds has nothing broken", () => {
  const checked = check([discovery(true)]).find((one) => one.title === "basic-discovery is 2/2");
  expect(checked?.broken).toEqual([]);
});

test("a broken promise names the pod and what is wrong", () => {
  const checked = check([discovery(false)]);
  expect(checked.find((one) => one.title === "basic-discovery is 2/2")?.broken).toEqual(["tidb-cluster/basic-discovery-1: READY is 1/2, not 2/2"]);
  expect(checked.find((one) => one.title.startsWith("basic-discovery has"))?.broken).toEqual(["tidb-cluster/basic-discovery-1: NET_ADMIN is not asked for"]);
});

test("a promise about a pod that is not there is broken", () => {
  expect(check([]).every((one) => one.broken.length === 1)).toBe(true);
});
