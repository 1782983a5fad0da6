import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { expect, test } from "vitest";
import type { Kubectl } from "../e2e/kubectl.ts";
import type { Manager } from "../e2e/outrigger.ts";
import { KEYS, type ObjectStore, startObjectStore } from "./object-store.ts";
import { run } from "./parts.ts";

export interface BucketTests {
  readonly kubectl: () => Kubectl;
  readonly manager: () => Manager;
  restartManager(): Promise<void>;
  apply(object: object): Promise<void>;
  /** What `outrigger logs` prints. */
  archived(target: string): Promise<string>;
  readonly image: string;
  /** An empty folder that is small enough to be filled up. */
  readonly folder: () => string;
}

/** The tests of an archive in a bucket, on the cluster and with the manager of the other tests. */
export function bucketTests({ kubectl, manager, restartManager, apply, archived, image, folder }: BucketTests): void {
  const archive = (store: { readonly endpoint: string }, more: object = {}): object => ({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodLogArchive",
    metadata: { name: "a-bucket" },
    spec: {
      selector: { matchLabels: { to: "bucket" } },
      s3: { endpoint: store.endpoint, bucket: "logs", prefix: "cluster-1/" },
      finalizer: { deadlineSeconds: 5 },
      ...more,
    },
  });
  const ready = (): Promise<string> =>
    kubectl()("get", "podlogarchive", "a-bucket", "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}');
  const pod = (name: string, script: string): object => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { to: "bucket" } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image, command: ["sh", "-c", script] }],
    },
  });
  const counting = (to: number, then: string): string => `i=1; while [ $i -le ${to} ]; do echo line $i; i=$((i+1)); done; ${then}`;
  const job = (name: string): object => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      backoffLimit: 1,
      template: {
        metadata: { labels: { to: "bucket" } },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "work", image, command: ["sh", "-c", counting(300, "exit 3")] }],
        },
      },
    },
  });
  const numbers = (text: string): number[] => [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  const counted = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);
  const deletedWithin = async (name: string, ms: number): Promise<void> => {
    const began = performance.now();
    await kubectl()("delete", "pod", name, "--wait=true");
    expect(performance.now() - began).toBeLessThan(ms);
  };

  test("logs go into a bucket and are read back from it; a bucket that is down, silent or full delays nothing beyond the deadline", {
    timeout: 300_000,
  }, async () => {
    const store: ObjectStore = await startObjectStore({ folder: folder() });
    const silent = createServer(() => {});
    try {
      await apply(archive(store));
      await eventually(async () => expect(await ready()).toBe("NoCredentials"));
      const secret = { name: "outrigger-log-archive", namespace: "outrigger-system" };
      await apply({ apiVersion: "v1", kind: "Secret", metadata: secret, stringData: KEYS });
      await eventually(async () => expect(await ready()).toBe("Following"));

      await apply(job("into-bucket"));
      await kubectl()("wait", "--for=condition=Failed", "job/into-bucket", "--timeout=110s");
      await kubectl()("delete", "job", "into-bucket", "--cascade=foreground", "--wait=true");
      const said = await eventually(async () => {
        const text = await archived("job/into-bucket");
        expect(text.match(/^==> pod into-bucket-\w+ \(Failed\)$/gm)).toHaveLength(2);
        return text;
      });
      expect(numbers(said)).toEqual([...counted(300), ...counted(300)]);
      expect(said.match(/^--- container work, run 1: Error, exit code 3 \(/gm)).toHaveLength(2);
      expect(said).not.toContain("lines may be missing");

      // Down: what is logged waits in the spool, also over the death of the manager.
      await apply(pod("ticking", "i=1; while true; do echo line $i; i=$((i+1)); sleep 0.02; done"));
      await eventually(async () => expect(numbers(await archived("pod/ticking")).length).toBeGreaterThan(50), { timeoutMs: 60_000 });
      await store.stop();
      await apply(pod("unlucky", counting(200, "sleep 3600")));
      await eventually(async () => expect(await ready()).toBe("BucketUnreachable"), { timeoutMs: 60_000 });
      await kubectl()("wait", "--for=condition=Ready", "pod/unlucky", "--timeout=60s");
      await deletedWithin("unlucky", 30_000);
      expect(await kubectl()("get", "events", "-A", "--field-selector", "reason=BucketUnreachable")).toContain(
        "lines wait in the manager's spool",
      );
      const status = JSON.parse(await kubectl()("get", "podlogarchive", "a-bucket", "-o", "jsonpath={.status}")) as Record<string, number>;
      expect(status["failures"]).toBeGreaterThan(0);
      expect(status["pending"]).toBeGreaterThan(0);
      await manager().kill();
      await restartManager();
      await store.start();
      await eventually(async () => expect(numbers(await archived("pod/unlucky"))).toEqual(counted(200)), { timeoutMs: 60_000 });
      await deletedWithin("ticking", 30_000);
      const ticked = await eventually(async () => {
        const text = await archived("pod/ticking");
        expect(text).not.toContain("still followed");
        return text;
      });
      expect(numbers(ticked)).toEqual(counted(numbers(ticked).length));
      // The kubelet may end the stream of a container that it kills before its end: then that is said, behind the last line.
      expect(ticked.slice(0, ticked.lastIndexOf("\nline "))).not.toContain("lines may be missing");

      // Full: it refuses what it has no room for, and takes it later.
      await run("sh", ["-c", `dd if=/dev/zero of=${join(store.folder, "filler")} bs=64k 2>/dev/null; true`]);
      await apply(pod("unstored", counting(200, "sleep 3600")));
      await eventually(async () => expect(await ready()).toBe("BucketUnavailable"), { timeoutMs: 60_000 });
      await deletedWithin("unstored", 30_000);
      rmSync(join(store.folder, "filler"));
      await eventually(async () => expect(numbers(await archived("pod/unstored"))).toEqual(counted(200)), { timeoutMs: 60_000 });

      // Silent: it takes connections and never answers.
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const { port } = silent.address() as { port: number };
      await apply(archive({ endpoint: `http://127.0.0.1:${port}` }));
      await apply(pod("unheard", counting(200, "sleep 3600")));
      await kubectl()("wait", "--for=condition=Ready", "pod/unheard", "--timeout=60s");
      await deletedWithin("unheard", 30_000);
      await apply(archive(store, { retention: { maxBytes: "1" } }));
      // It is brought there late, and goes by the retention.
      await eventually(
        async () => {
          const { pods, removed, pending } = JSON.parse(
            await kubectl()("get", "podlogarchive", "a-bucket", "-o", "jsonpath={.status}"),
          ) as Record<string, number>;
          expect([pods, pending]).toEqual([0, 0]);
          expect(removed).toBeGreaterThanOrEqual(5);
          return true;
        },
        { timeoutMs: 60_000 },
      );
      expect(await kubectl()("get", "podlogarchives", "-o", "wide")).toMatch(/^a-bucket +0 +0 +0 +0 +True +logs +Following +\S+$/m);
      expect(await archived("pod/unlucky")).toContain("has nothing of pod unlucky in namespace default");
    } finally {
      silent.close();
      await kubectl()("delete", "podlogarchive", "a-bucket", "--ignore-not-found");
      await store.stop();
    }
  });
}
