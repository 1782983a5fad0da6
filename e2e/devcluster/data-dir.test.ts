import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, expect, test } from "vitest";
import { outrigger } from "../outrigger.ts";
import { type Answer, type ApiEvent, follow } from "./api.ts";
import { dev, killAll } from "./dev-process.ts";
import { Writers } from "./writers.ts";

/** Five in each run; `OUTRIGGER_KILLS=200` for the long one. */
const kills = Number(process.env["OUTRIGGER_KILLS"] ?? 5);

const root = mkdtempSync(join(tmpdir(), "outrigger-data-dir-"));
afterAll(async () => {
  killAll();
  rmSync(root, { recursive: true });
});

const configMaps = "/api/v1/namespaces/default/configmaps";
/** Enough of a watch once it told of this object, or that its version is gone. */
const untilVersion =
  ({ metadata }: Answer["body"]) =>
  ({ type, object }: ApiEvent) =>
    type === "ERROR" || Number(object.metadata.resourceVersion) >= Number(metadata.resourceVersion);

test(
  `killed ${kills} times while eight clients write, it loses nothing that it acknowledged, and clients go on with their kubeconfig`,
  async () => {
    const folder = join(root, "killed");
    const writers = new Writers();
    let it = await dev(folder, ["--bare"]);
    // Of the first start: clients keep their kubeconfig.
    const { api } = it;
    for (let round = 1; round <= kills; round++) {
      const watched = follow(api, configMaps, (await api.get(configMaps)).body);
      const writing = writers.run(api, round);
      const delay = Math.floor(Math.random() * 250);
      // Random, so that kills meet writes at every point of theirs.
      await new Promise((resolve) => setTimeout(resolve, delay));
      await it.kill();
      await writing;
      const seen = await watched.ended;

      it = await dev(folder, ["--bare"]);
      expect(it.api.url).toBe(api.url);
      const list = (await api.get(configMaps)).body;
      const why = `kill ${round}, ${delay} ms after the writers began`;
      writers.check(list.items, why);
      // Nobody saw what is not there now.
      expect(Number(list.metadata.resourceVersion), why).toBeGreaterThanOrEqual(Math.max(writers.highest, seen.version));
      const { body } = await api.send("POST", configMaps, { metadata: { name: `after-${round}` } });
      expect(Number(body.metadata.resourceVersion), why).toBeGreaterThan(Math.max(writers.highest, seen.version));
      writers.acknowledged(body);
      // The watch goes on from its last version, or hears that this is gone.
      const resumed = await api.watch(`${configMaps}?watch=1&resourceVersion=${seen.version}`, untilVersion(body));
      if (resumed[0]?.type === "ERROR") expect(resumed[0].object).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
      else {
        for (const event of resumed) seen.take(event);
        expect(seen.objects(), why).toEqual(writers.objectsOf((await api.get(configMaps)).body.items));
      }
    }
    expect(writers.count).toBeGreaterThan(kills * 10);
    await it.kill();
  },
  kills * 10_000 + 60_000,
);

test("killed, the whole cluster goes on: pods run, custom resources are served at once, quiet watches go on, tokens are good", async () => {
  const folder = join(root, "whole");
  let it = await dev(folder, ["--no-manager"]);
  const { api } = it;
  const deployment = {
    metadata: { name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx:1.25" }] } },
    },
  };
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  await api.send("POST", deployments, deployment);
  await api.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { kind: "Widget", plural: "widgets" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  });
  const widgets = "/apis/example.com/v1/namespaces/default/widgets";
  const widget = await eventually(async () => {
    const made = await api.send("POST", widgets, { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } });
    return made.status === 201 ? made.body : undefined;
  });
  const review = await api.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", { spec: {} });
  const { token } = review.body.status;
  const ready = async (replicas: number): Promise<boolean> => (await api.get(`${deployments}/web`)).body.status?.readyReplicas === replicas;
  await eventually(() => ready(2));
  const pods = async (): Promise<string[]> =>
    (await api.get("/api/v1/namespaces/default/pods")).body.items.map(
      (pod: { metadata: { uid: string }; status: { podIP: string } }) => `${pod.metadata.uid} ${pod.status.podIP}`,
    );
  const before = await pods();
  await it.kill();

  it = await dev(folder, ["--no-manager"]);
  // Still with the kubeconfig of the first start.
  expect((await api.get(`${widgets}/w`)).body).toEqual(widget);
  const reviewed = await api.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token } });
  expect(reviewed.body.status).toMatchObject({ authenticated: true, user: { username: "system:serviceaccount:default:default" } });
  // Nobody wrote widgets since: their watch goes on.
  const { resourceVersion } = widget.metadata;
  const changed = await api.send("PATCH", `${widgets}/w`, { metadata: { labels: { a: "b" } } });
  const events = await api.watch(`${widgets}?watch=1&resourceVersion=${resourceVersion}`, untilVersion(changed.body));
  expect(events.map(({ type, object }) => `${type} ${object.metadata?.labels?.a}`)).toEqual(["MODIFIED b"]);
  await api.send("PATCH", `${deployments}/web`, { spec: { replicas: 3 } });
  await eventually(() => ready(3));
  const after = await pods();
  expect(after).toEqual(expect.arrayContaining(before));
  expect(new Set(after.map((pod) => pod.split(" ")[1])).size).toBe(3);

  const second = await outrigger(["dev", "--bare", "--data-dir", join(folder, "data"), "--kubeconfig", join(folder, "other")]);
  expect(second).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: `outrigger: ${join(folder, "data")} is in use by process ${it.process.pid}: stop that process, or choose another folder with --data-dir\n`,
  });
  expect(existsSync(join(folder, "other"))).toBe(false);
  await it.kill();
});

test.runIf(process.platform === "linux")(
  "a disk that is full refuses writes with a Status, keeps what it acknowledged, and goes on once there is room",
  async () => {
    const folder = join(root, "full");
    // Files may grow to 2 MB: a write beyond that fails as on a full disk.
    let it = await dev(folder, ["--bare"], ["bash", "-c", 'ulimit -S -f 2048; exec "$@"', "bash"]);
    const { api } = it;
    const data = { text: "x".repeat(100_000) };
    const made: string[] = [];
    let refused: Answer;
    for (let index = 0; ; index++) {
      refused = await api.send("POST", configMaps, { metadata: { name: `big-${index}` }, data });
      if (refused.status !== 201) break;
      made.push(`big-${index}`);
    }
    expect(made.length).toBeGreaterThan(3);
    expect(refused).toMatchObject({ status: 500, body: { kind: "Status", status: "Failure", reason: "InternalError", code: 500 } });
    expect(refused.body.message).toContain(`cannot write ${join(folder, "data", "store.db")} (the disk`);
    expect((await api.send("DELETE", `${configMaps}/big-0`)).status).toBe(500);
    expect((await api.get("/livez")).status).toBe(200);
    const names = async (): Promise<string[]> =>
      (await api.get(`${configMaps}?labelSelector=!none`)).body.items.map((one: { metadata: { name: string } }) => one.metadata.name);

    await once(spawn("prlimit", ["--pid", String(it.process.pid), "--fsize=unlimited:"]), "exit");
    await eventually(async () => (await api.send("POST", configMaps, { metadata: { name: "room" } })).status === 201);
    expect(await names()).toEqual(expect.arrayContaining([...made, "room"]));
    await it.kill();
    it = await dev(folder, ["--bare"]);
    expect(await names()).toEqual(expect.arrayContaining([...made, "room"]));
    await it.kill();
  },
);

test("with the manager and the quickstart, a second start finds everything as promised", async () => {
  const folder = join(root, "quickstart");
  const args = ["dev", "--once", "--data-dir", join(folder, "data"), "--kubeconfig", join(folder, "kubeconfig")];
  for (const start of ["first", "second"]) {
    const { exitCode, stdout, stderr } = await outrigger(args);
    expect({ exitCode, stderr, start }).toEqual({ exitCode: 0, stderr: "", start });
    expect(stdout).toMatch(/\nstart: \d+ passed, 0 failed\n/);
  }
});

test("a folder that cannot be used is one line, and no kubeconfig is written", async () => {
  const folder = join(root, "refused");
  const kubeconfig = join(folder, "kubeconfig");
  const refusal = async (dataDir: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await outrigger(["dev", "--bare", "--data-dir", dataDir, "--kubeconfig", kubeconfig]);
    expect({ exitCode, stdout, lines: stderr.split("\n").length }).toEqual({ exitCode: 1, stdout: "", lines: 2 });
    expect(existsSync(kubeconfig)).toBe(false);
    return stderr;
  };
  const damaged = join(root, "damaged");
  mkdirSync(damaged);
  writeFileSync(join(damaged, "store.db"), "noise".repeat(5000));
  // Root writes anywhere but where the kernel forbids it.
  const readOnly = process.getuid?.() === 0 ? "/sys/kernel" : join(root, "read-only");
  if (readOnly.startsWith(root)) mkdirSync(readOnly, { mode: 0o500 });
  expect(await refusal(damaged)).toMatch(
    /^outrigger: .+store\.db is damaged \(file is not a database\): put back a copy of its folder, or move .+\n$/,
  );
  expect(await refusal(join(readOnly, "data"))).toMatch(
    /^outrigger: cannot write .+ \(no permission\): choose another folder with --data-dir\n$/,
  );
});
