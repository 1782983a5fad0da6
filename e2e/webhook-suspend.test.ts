import { execFile } from "node:child_process";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command, type Outrigger, startOutrigger } from "./outrigger.ts";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
  const set = {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "must" },
    spec: { selector: { matchLabels: { app: "must" } }, containers: [{ name: "sidecar", image: "busybox:1.36" }] },
  };
  await it.kubectl.feed(JSON.stringify(set), "apply", "-f", "-");
});
afterAll(() => it?.stop());

const outrigger = (...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [command, ...args, "--kubeconfig", it.cluster.kubeconfigFile],
      { timeout: 60_000 },
      (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)),
    );
  });
const containers = async (name: string): Promise<string> => {
  await it.kubectl("run", name, "--image=nginx:1.25", "--labels=app=must");
  return it.kubectl("get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}");
};

test("suspended webhooks stay empty while a manager runs, and are filled when they are resumed", async () => {
  let tries = 0;
  await eventually(async () => (await containers(`before-${tries++}`)).includes("sidecar"));
  expect(await outrigger("webhook", "suspend")).toContain("outrigger-pods");
  expect(await containers("meanwhile")).toBe("meanwhile");
  // Something that makes the manager look at its configurations.
  await it.kubectl("label", "mutatingwebhookconfiguration", "outrigger-pods", "looked=at");
  await it.kubectl("annotate", "sidecarset", "must", "looked=at");
  for (let again = 0; again < 8; again++) expect(await containers(`still-${again}`)).toBe(`still-${again}`);
  expect(await outrigger("webhook", "resume")).toMatch(/^resumed: .*outrigger-pods/);
  await eventually(async () => (await containers(`after-${tries++}`)).includes("sidecar"));
  await expect(outrigger("webhook", "resume")).rejects.toThrow("nothing is suspended");
});
