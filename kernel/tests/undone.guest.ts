// What stands in an agent's way, or kills it, where the kernel does not end faults by itself.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { median, Pod, pause, ping, sh, until } from "./net.ts";

describe("an agent that", () => {
  test("finds its disk full says so and changes nothing", async () => {
    const pod = new Pod("d", 30);
    try {
      sh("mount", "-t", "tmpfs", "-o", "size=16k,nr_inodes=8", "none", pod.state);
      await pod.agent();
      const before = pod.snapshot();
      assert.throws(() => writeFileSync(join(pod.state, "filler"), Buffer.alloc(64 * 1024)), /ENOSPC/);
      const { status, body } = await pod.call("GET", "/latency/100ms");
      assert.equal(status, 507);
      assert.match(body.error!, /the disk is full.*nothing was changed/);
      assert.equal(pod.snapshot(), before);
      rmSync(join(pod.state, "filler"));
      assert.equal((await pod.call("GET", "/latency/100ms")).status, 200);
      await pod.clear();
    } finally {
      pod.delete();
      sh("umount", "-l", pod.state);
    }
  });

  test("finds an ingress discipline of somebody else leaves it alone, and its own egress goes beside it", async () => {
    const pod = new Pod("g", 31);
    try {
      await pod.agent();
      pod.inside("tc", "qdisc", "add", "dev", "eth0", "handle", "ffff:", "ingress");
      const before = pod.snapshot();
      const { status, body } = await pod.call("PUT", "/v1/faults/in", { delay: { time: "100ms" }, direction: "both" });
      assert.deepEqual([status, /not the agent's \(ingress ffff:\)/.test(body.error!)], [409, true]);
      assert.equal(pod.snapshot(), before);
      await pod.put("out", { delay: { time: "100ms" } });
      assert.ok(median(ping(pod.address, 3)) >= 100);
      await pod.clear();
      assert.equal(pod.snapshot(), before);
    } finally {
      pod.delete();
    }
  });

  test("is killed while it makes a fault of both directions, without the packet filter, leaves none after its time and 2 s", async () => {
    // One pod for each step that it is killed at, side by side: they mostly wait.
    const steps = [5, 14];
    const victims = steps.map((step, index) => ({ step, pod: new Pod(`k${step}`, 40 + index) }));
    try {
      const plain = victims.map(({ pod }) => pod.snapshot());
      await Promise.all(
        victims.map(({ pod, step }) =>
          pod.agent({ watchdog: true, args: ["--no-marks"], env: { PATH: `${deadly(pod, step)}:${process.env["PATH"]}` } }),
        ),
      );
      const fault = { delay: { time: "200ms" }, direction: "both" };
      const start = Date.now();
      await Promise.all(victims.map(({ pod }) => pod.put("f", fault).then(() => pod.clear())));
      // Long enough for a slow machine to have made it before it ends.
      const ttl = `${Math.max(8, Math.ceil((Date.now() - start) / 500))}s`;
      for (const { pod } of victims) writeFileSync(join(pod.state, "armed"), "");
      await Promise.all(victims.map(({ pod }) => pod.call("PUT", "/v1/faults/f", { ...fault, ttl }).catch(() => undefined)));
      for (const { pod } of victims) await until(`the death of ${pod.name}'s agent`, () => existsSync(join(pod.state, "killed")));
      const ends = victims.map(({ pod }) => {
        const { faults } = JSON.parse(readFileSync(join(pod.state, "faults.json"), "utf8")) as { faults: { until: number }[] };
        return faults[0]?.until ?? 0;
      });
      await pause(Math.max(...ends) + 2_000 - Date.now());
      for (const { pod, step } of victims) assert.ok(median(ping(pod.address, 3)) < 60, `killed at step ${step}`);
      for (const [index, { pod, step }] of victims.entries())
        await until(`a clean device after step ${step}`, () => pod.snapshot() === plain[index], 10_000);
    } finally {
      for (const { pod } of victims) pod.delete();
    }
  });
});

/** A tc of which the one that comes as this step since there is a file `armed` kills the agent, once, when its own work is done. */
function deadly({ state }: Pod, step: number): string {
  const folder = join(state, "bin");
  mkdirSync(folder);
  const file = join(folder, "tc");
  writeFileSync(
    file,
    `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
tc "$@"
code=$?
# What an agent does when it starts is not counted, nor is looking.
[ -f ${state}/armed ] || exit $code
case "$*" in *" del "* | *show*) exit $code ;; esac
echo >>${state}/steps
if [ ! -f ${state}/killed ] && [ "$(wc -l <${state}/steps)" -eq ${step} ]; then
  echo ${step} >${state}/killed
  kill -9 $PPID
fi
exit $code
`,
  );
  chmodSync(file, 0o755);
  return folder;
}
