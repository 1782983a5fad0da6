import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { explainArchives } from "./explain.ts";
import { holdBack } from "./hold-back.ts";
import { LogFolder, type PodRecord } from "./log-folder.ts";
import { folderSource } from "./log-source.ts";
import { type LoggedPod, runsOf } from "./pod-runs.ts";
import { readBack } from "./read-back.ts";
import type { PodLogArchiveObject } from "./resource.ts";
import { retain } from "./retention.ts";
import { RunFile } from "./run-file.ts";

let root: string;
let folder: LogFolder;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "outrigger-logs-"));
  folder = new LogFolder(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const record = (name: string, more: Partial<PodRecord> = {}): PodRecord => ({
  namespace: "default",
  name,
  uid: `uid-${name}`,
  labels: {},
  archive: "all",
  missed: [],
  ...more,
});
const line = (second: number, text: string) => ({ time: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`, text });
async function fileOf(pod: PodRecord, run = { container: "main", restart: 0, containerID: "c0" }): Promise<RunFile> {
  await folder.write(pod);
  return RunFile.open(join(folder.pathOf(pod), `${run.container}.${run.restart}`), run);
}

describe("the file of a run", () => {
  test("goes on behind its last whole line after a crash, and is compressed once", async () => {
    const first = await fileOf(record("a"));
    await first.append([line(1, "one"), line(2, "two"), line(5, "three")]);
    await first.close();
    await appendFile(`${first.path}.log`, "2026-01-01T00:00:06.0000");
    const again = await fileOf(record("a"));
    expect(again.record).toMatchObject({ lines: 3, complete: false });
    expect((await again.tail()).map(({ text }) => text)).toEqual(["three"]);
    await again.append([line(6, "four")]);
    await again.complete();
    await again.complete();
    expect((await readdir(folder.pathOf(record("a")))).sort()).toEqual(["main.0.json", "main.0.log.gz", "pod.json"]);
    expect((await fileOf(record("a"))).record).toMatchObject({ lines: 4, complete: true });
    const said: string[] = [];
    for await (const one of readBack([folderSource(root)], { namespace: "default", target: "pod/a" })) said.push(one);
    expect(said.slice(-4)).toEqual(["one", "two", "three", "four"]);
  });

  test("of another container with the same number is begun anew", async () => {
    const first = await fileOf(record("a"));
    await first.append([line(1, "one")]);
    await first.close();
    const other = await fileOf(record("a"), { container: "main", restart: 0, containerID: "c1" });
    expect(other.record).toMatchObject({ containerID: "c1", lines: 0 });
    expect(await other.all()).toEqual([]);
  });

  test("gives the end of a long log without reading all of it", async () => {
    const long = await fileOf(record("a"));
    for (let minute = 0; minute < 60; minute++)
      await long.append(
        Array.from({ length: 60 }, (_, index) => ({
          time: `2026-01-01T00:${String(minute).padStart(2, "0")}:${String(index).padStart(2, "0")}.000000000Z`,
          text: "x".repeat(100),
        })),
      );
    await long.close();
    expect((await long.tail()).map(({ time }) => time.slice(14, 19))).toEqual(["59:58", "59:59"]);
  });
});

test("gaps stand where they are, and nothing that the archive lacks is made up", async () => {
  const file = await fileOf(
    record("a", { owner: { kind: "Job", name: "report" }, missed: [{ container: "main", fromRestart: 1, toRestart: 2 }] }),
  );
  await file.append([line(1, "one"), line(9, "two")]);
  await file.close();
  await file.addGap({ from: line(1, "").time, to: line(9, "").time, reason: "Rotated" });
  await file.addGap({ from: line(9, "").time, reason: "PodGone" });
  const said: string[] = [];
  for await (const one of readBack([folderSource(root)], { namespace: "default", target: "jobs/report" })) said.push(one);
  expect(said).toEqual([
    "==> pod a, still followed",
    "--- container main: runs 2 to 3 were gone before they could be read",
    "--- container main, run 1: running",
    "one",
    "--- lines may be missing after 2026-01-01T00:00:01.000000000Z until 2026-01-01T00:00:09.000000000Z: the kubelet rotated the log while nobody followed it",
    "two",
    "--- lines may be missing after 2026-01-01T00:00:09.000000000Z: the log was gone before its end was read",
  ]);
  const nothing = readBack([folderSource(root)], { namespace: "default", target: "job/other" }).next();
  await expect(nothing).rejects.toThrow("has nothing of job other in namespace default");
});

test("names that would lead out of the folder are refused", async () => {
  for (const name of ["..", "a/b", "", "../x"]) expect(() => folder.pathOf(record(name))).toThrow("is no name of a folder");
});

test("retention takes what is old, then what finished first, and nothing that runs or is another archive's", async () => {
  const now = Date.parse("2026-01-10T00:00:00Z");
  const pods = [
    record("old", { finishedAt: "2026-01-01T00:00:00Z" }),
    record("first", { finishedAt: "2026-01-09T00:00:00Z" }),
    record("second", { finishedAt: "2026-01-09T01:00:00Z" }),
    record("running"),
    record("others", { finishedAt: "2026-01-01T00:00:00Z", archive: "other" }),
  ];
  for (const pod of pods) {
    await folder.write(pod);
    await writeFile(join(folder.pathOf(pod), "main.0.log"), "x".repeat(1000));
  }
  const size = await folder.size(folder.pathOf(pods[1]!));
  const contents = await retain(folder, "all", { seconds: 3 * 86_400, maxBytes: 2 * size + 500 }, now);
  expect(contents).toMatchObject({ pods: 2, removed: 2 });
  expect((await readdir(join(root, "default"))).sort()).toEqual(["others_uid-others", "running_uid-running", "second_uid-second"]);
});

describe("a held pod", () => {
  const pod = (more: object, phase = "Running"): LoggedPod => ({
    metadata: { name: "a", namespace: "b", uid: "c", ...more },
    status: { phase },
  });
  const ours = ["x", "outrigger.dev/log-archive"];
  const rule = { deadlineSeconds: 5 };
  const deleted = "2026-01-01T00:00:00Z";
  const at = Date.parse(deleted);
  test.each([
    ["gets the finalizer", pod({}), rule, false, at, { finalizers: ["outrigger.dev/log-archive"] }],
    ["keeps it while it runs", pod({ finalizers: ours }), rule, true, at, {}],
    ["loses it when it has finished and is kept", pod({ finalizers: ours }, "Failed"), rule, true, at, { finalizers: ["x"] }],
    ["loses it with the rule", pod({ finalizers: ours }), undefined, false, at, { finalizers: ["x"] }],
    ["waits when it is deleted", pod({ finalizers: ours, deletionTimestamp: deleted }), rule, false, at + 4900, { againMs: 100 }],
    ["goes once it is kept", pod({ finalizers: ours, deletionTimestamp: deleted }), rule, true, at, { finalizers: ["x"] }],
    ["goes at the deadline", pod({ finalizers: ours, deletionTimestamp: deleted }), rule, false, at + 5000, { finalizers: ["x"] }],
    ["gets none when it is deleted already", pod({ deletionTimestamp: deleted }), rule, false, at, {}],
  ])("%s", (_, given, archive, isKept, now, expected) => {
    expect(holdBack(given, archive, isKept, now)).toEqual(expected);
  });
});

test("a container that waits for its restart has the number that it had, and the one before a run has one less", () => {
  const terminated = { exitCode: 1, containerID: "c1", startedAt: "2026-01-01T00:00:00Z" };
  const of = (state: object): unknown[] =>
    runsOf({
      metadata: { name: "a", namespace: "b", uid: "c" },
      spec: { restartPolicy: "OnFailure" },
      status: { containerStatuses: [{ name: "main", restartCount: 1, ...state }] },
    }).map(({ restart, containerID, at, isLast }) => [restart, containerID, at, isLast]);
  expect(of({ state: { waiting: {} }, lastState: { terminated }, containerID: "c1" })).toEqual([[1, "c1", "previous", false]]);
  expect(of({ state: { running: {} }, lastState: { terminated: { ...terminated, containerID: "c0" } }, containerID: "c1" })).toEqual([
    [0, "c0", "previous", false],
    [1, "c1", "running", false],
  ]);
  expect(of({ state: { terminated }, containerID: "c1" })).toEqual([[1, "c1", "ended", false]]);
  expect(of({ state: { terminated: { ...terminated, exitCode: 0 } }, containerID: "c1" })).toEqual([[1, "c1", "ended", true]]);
});

test("explain says which archive keeps a pod, where, and why others do not", () => {
  const archive = (name: string, spec: object, status?: object): PodLogArchiveObject =>
    ({ apiVersion: "outrigger.dev/v1alpha1", kind: "PodLogArchive", metadata: { name }, spec, status }) as never;
  const down = { conditions: [{ type: "Ready", status: "False", reason: "BucketUnreachable", message: "ECONNREFUSED" }] };
  const archives = [
    archive("all", {}),
    archive("batch", { selector: { matchLabels: { team: "batch" } }, s3: { bucket: "logs" } }, down),
    archive("web", { selector: { matchLabels: { team: "web" } } }),
  ];
  const pod = (team: string, namespace = "default") => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", namespace, labels: { team } },
  });
  const said = (of: object, some = archives): string[] =>
    explainArchives(some, of as never, {}, "outrigger-system").map(({ rule, action, message }) => `${rule} ${action}: ${message}`);
  expect(said(pod("batch"))).toEqual([
    "PodLogArchive/all applied: its logs are kept in the manager's folder",
    "PodLogArchive/batch skipped: PodLogArchive/all comes first by name",
    "PodLogArchive/web skipped: its selectors do not match the pod",
  ]);
  expect(said(pod("batch"), archives.slice(1))[0]).toBe(
    "PodLogArchive/batch applied: its logs are kept in bucket logs, but BucketUnreachable: ECONNREFUSED",
  );
  expect(said(pod("web", "kube-system"))[2]).toBe("PodLogArchive/web skipped: logs of namespace kube-system are not kept");
});
