import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { decideObject } from "../jobs/index.ts";
import { folderSource, LogFolder, type PodRecord, parseLine, RunFile, type RunRecord, readBack } from "../logs/index.ts";
import { correctWrite, decideNode, type OvercommitNode, Policies, RECORD_ANNOTATION } from "../overcommit/index.ts";
import { compileRules, decide } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";

// The golden cases of the policies: testdata/golden/policies/<kind>.yaml, each with what is given and what must come of it.
interface Case {
  readonly name: string;
  readonly given: never;
  readonly expected: never;
}
const cases = (kind: string): Case[] =>
  parse(readFileSync(new URL(`../../testdata/golden/policies/${kind}.yaml`, import.meta.url), "utf8")) as Case[];
const named = <T>(kind: string, { name, spec }: { name: string; spec: object }): T =>
  ({ apiVersion: "outrigger.dev/v1alpha1", kind, metadata: { name }, spec }) as T;

interface GivenNode {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly record?: object;
  readonly allocatable: Record<string, string>;
  readonly capacity?: Record<string, string>;
}
function nodeOf({ labels = {}, annotations = {}, record, allocatable, capacity = {} }: GivenNode) {
  const noted = record ? { ...annotations, [RECORD_ANNOTATION]: JSON.stringify(record) } : annotations;
  return { metadata: { name: "n", labels, annotations: noted }, status: { allocatable, capacity } } as OvercommitNode & {
    metadata: { labels: Record<string, string> };
  };
}

type GivenPod = Pick<PodRecord, "name"> & Partial<PodRecord>;
type GivenRun = Omit<Partial<RunRecord>, "lines"> & {
  readonly container: string;
  readonly open?: boolean;
  readonly lines: readonly string[];
};

/** What comes of a case, in the words of its file. */
const outcomes: Readonly<Record<string, (given: never) => unknown>> = {
  nodeovercommit({
    policies = [],
    requested = {},
    node,
    write,
  }: {
    policies?: { name: string; spec: object }[];
    requested?: { cpu?: number; memory?: number };
    node: GivenNode;
    write?: { by: string; allocatable: Record<string, string> };
  }) {
    const stored = nodeOf(node);
    const record = (text: string | null | undefined) => (text === undefined ? {} : { record: text === null ? null : JSON.parse(text) });
    if (write) {
      const sent = { ...stored, status: { ...stored.status, allocatable: { ...node.allocatable, ...write.allocatable } } };
      const correction = correctWrite(stored, sent, write.by === "kubelet");
      return {
        ...(Object.keys(correction.allocatable).length > 0 ? { allocatable: correction.allocatable } : {}),
        ...record(correction.record),
      };
    }
    const whole = policies.map(({ name, spec }) =>
      named("NodeOvercommit", { name, spec: { priority: 0, maximum: { cpu: 5, memory: 1.5 }, ...spec } }),
    );
    const target = new Policies(whole as never).target(stored.metadata);
    const demand = { requested: { cpu: BigInt(requested.cpu ?? 0), memory: BigInt(requested.memory ?? 0) } };
    const { write: written, held } = decideNode(stored, target, demand);
    return {
      ...(written ? { allocatable: written.allocatable, ...record(written.record) } : {}),
      ...(held.length > 0
        ? { held: held.map((one) => ({ ...one, wouldOffer: Number(one.wouldOffer), requested: Number(one.requested) })) }
        : {}),
      ...(target?.problem ? { problem: target.problem } : {}),
    };
  },
  jobpolicy({ policies, job, cronJob }: { policies: { name: string; spec: object }[]; job?: object; cronJob?: object }) {
    const spec = { template: { spec: { restartPolicy: "Never" } }, ...(job ?? cronJob) };
    const object = job
      ? { kind: "Job", metadata: {}, spec }
      : { kind: "CronJob", metadata: {}, spec: { schedule: "0 0 * * *", jobTemplate: { spec } } };
    const ordered = policies.map(({ name, spec }) => ({ name, spec: { priority: 0, ...spec } }));
    return decideObject(object, ordered.sort((a, b) => b.spec.priority - a.spec.priority) as never);
  },
  poddefaults({
    podDefaults,
    environment = {},
    namespaceLabels = {},
    pod,
  }: {
    podDefaults: { name: string; spec: object }[];
    environment?: Record<string, string>;
    namespaceLabels?: Record<string, string>;
    pod: Pod;
  }) {
    const rules = compileRules({ podDefaults: podDefaults.map((one) => named<PodDefaults>("PodDefaults", one)) }, { environment });
    const context = { namespace: "default", namespaceLabels, now: "2026-01-02T03:04:05Z" };
    const decided = decide(pod, rules, context);
    const { "outrigger.dev/injection": _, ...annotations } = decided.pod.metadata.annotations ?? {};
    const all = [...(decided.pod.spec.initContainers ?? []), ...decided.pod.spec.containers].flatMap(({ name, env }) =>
      env ? [[name, env]] : [],
    );
    const problems = decided.reasons.flatMap((reason) => reason.problems ?? []);
    return {
      labels: decided.pod.metadata.labels,
      annotations,
      env: Object.fromEntries(all),
      readinessGates: decided.pod.spec["readinessGates"],
      problems,
    };
  },
  async podlogarchive({
    target,
    container,
    timestamps,
    pods,
  }: {
    target: string;
    container?: string;
    timestamps?: boolean;
    pods: { pod: GivenPod; runs: GivenRun[] }[];
  }) {
    const root = mkdtempSync(join(tmpdir(), "outrigger-golden-"));
    try {
      const folder = new LogFolder(root);
      for (const { pod, runs } of pods) {
        const record: PodRecord = { missed: [], labels: {}, archive: "all", ...pod, namespace: "default", uid: `uid-${pod.name}` };
        await folder.write(record);
        for (const { open, lines, container: name, restart = 0, ...more } of runs) {
          const file = await RunFile.open(join(folder.pathOf(record), `${name}.${restart}`), {
            container: name,
            restart,
            containerID: `${name}-${restart}`,
          });
          await file.append(lines.map((one) => parseLine(one)!));
          if (open) await file.note(more);
          else await file.complete(more);
          await file.close();
        }
      }
      let text = "";
      const asked = { namespace: "default", target, ...(container ? { container } : {}), ...(timestamps ? { timestamps } : {}) };
      for await (const line of readBack([folderSource(root)], asked)) text += `${line}\n`;
      return text;
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

describe.each(Object.keys(outcomes))("golden cases of %s", (kind) => {
  test.each(cases(kind))("$name", async ({ given, expected }) => {
    const outcome = await outcomes[kind]!(given);
    // Of a Job and a pod the file says only what matters to it; of a node and of a printed log it says all.
    if (kind === "jobpolicy" || kind === "poddefaults") expect(outcome).toMatchObject(expected as object);
    else expect(outcome).toEqual(expected);
  });
});
