// What somebody with rights broke, by mistake or not, is put right soon, and said.
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outrigger, startOutrigger } from "../e2e/outrigger.ts";
import { sidecarSet } from "./forger.ts";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
  await it.kubectl.feed(JSON.stringify(sidecarSet("must", { matchLabels: { app: "must" } })), "apply", "-f", "-");
  await eventually(async () => (await webhooks("mutatingwebhookconfiguration/outrigger-pods")).includes("fail.injection"));
});
afterAll(() => it?.stop());

const PODS = "mutatingwebhookconfiguration/outrigger-pods";
const SETS = ["mutatingwebhookconfiguration/outrigger-sidecarsets", "validatingwebhookconfiguration/outrigger-sidecarsets"];
/** Its entries, but for the one that comes and goes with new sets. */
const webhooks = async (name: string): Promise<string> => {
  const { stdout } = await it.kubectl.try("get", name, "-o", "jsonpath={.webhooks}");
  const entries = JSON.parse(stdout || "[]") as { name: string }[];
  return JSON.stringify(entries.filter((entry) => !entry.name.startsWith("wide.")));
};
const patch = (name: string, operations: object[]) =>
  it.kubectl("patch", name, "--type=json", "--field-manager=mallory", "-p", JSON.stringify(operations));

async function repaired(name: string, broken: () => Promise<unknown>): Promise<number> {
  const before = await webhooks(name);
  await broken();
  const start = performance.now();
  await eventually(async () => (await webhooks(name)) === before, { timeoutMs: 20_000 });
  return performance.now() - start;
}
const event = (text: RegExp) =>
  eventually(async () => text.test(await it.kubectl("get", "events", "-o", 'jsonpath={range .items[*]}{.message}{"\\n"}{end}')));

describe.each([PODS, ...SETS])("%s", (name) => {
  const [kind = "", object = ""] = name.split("/");

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["deleted", () => it.kubectl("delete", name), /was deleted/],
    ["emptied", () => patch(name, [{ op: "replace", path: "/webhooks", value: [] }]), /was changed.* in webhooks/],
    ["without its bundle", () => patch(name, [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }]), /was changed.*clientConfig/],
    [
      "made to let everything pass",
      () => patch(name, [{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }]),
      /was changed by mallory in .*failurePolicy/,
    ],
    [
      "given a condition that is never true",
      () => patch(name, [{ op: "add", path: "/webhooks/0/matchConditions", value: [{ name: "never", expression: "false" }] }]),
      /was changed by mallory in .*matchConditions/,
    ],
  ])(
    "%s: put right within two seconds, with an Event that says what and, as far as managedFields do, by whom",
    async (_what, broken, said) => {
      // kubectl takes its time, and the machine may have other work.
      expect(await repaired(name, broken)).toBeLessThan(2_000);
      await event(new RegExp(`${kind}.* ${object} ${said.source}`, "i"));
    },
  );
});

test("a definition that somebody deleted is made again, and its kind works again", async () => {
  await it.kubectl("delete", "crd", "networkfaults.outrigger.dev", "--wait=false");
  await event(/CustomResourceDefinition networkfaults\.outrigger\.dev was deleted/);
  await it.kubectl("wait", "crd/networkfaults.outrigger.dev", "--for=condition=Established", "--timeout=30s");
  await eventually(async () => (await it.kubectl.try("get", "networkfaults", "-A")).exitCode === 0);
});
