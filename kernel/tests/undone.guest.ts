// What stands in an agent's way, or kills it, where the kernel does not end faults by itself.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { deadly, median, Pod, pause, ping, sh, until } from "./net.ts";

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

  test("is killed at each step of making a fault of both directions, without the packet filter, leaves none after its time and 2 s", async () => {
    // Two pods side by side: they mostly wait.
    const victims = [new Pod("k0", 40), new Pod("k1", 41)];
    const fault = { delay: { time: "200ms" }, direction: "both" };
    const eachVictim = <T>(work: (pod: Pod, index: number) => Promise<T>): Promise<T[]> => Promise.all(victims.map(work));
    try {
      const plain = victims.map((pod) => pod.snapshot());
      await eachVictim((pod) =>
        pod.agent({ watchdog: true, args: ["--no-marks"], env: { PATH: `${deadly(pod.state)}:${process.env["PATH"]}` } }),
      );
      const start = Date.now();
      const [made] = await eachVictim(async (pod) => {
        writeFileSync(join(pod.state, "step"), "0");
        await pod.put("f", fault);
        const steps = Number(readFileSync(join(pod.state, "step"), "utf8"));
        await pod.clear();
        return steps;
      });
      // Long enough for a slow machine to have made it before it ends.
      const ttl = `${Math.max(8, Math.ceil((Date.now() - start) / 500))}s`;
      assert.ok(made! >= 7, `${made} steps`);
      for (let step = 1; step <= made!; step += victims.length) {
        const sent = await eachVictim(async (pod, index) => {
          rmSync(join(pod.state, "killed"), { force: true });
          writeFileSync(join(pod.state, "step"), "0");
          writeFileSync(join(pod.state, "kill-at"), `${Math.min(step + index, made!)}-after`);
          const now = Date.now();
          await pod.call("PUT", "/v1/faults/f", { ...fault, ttl }).catch(() => undefined);
          await until(`the death of ${pod.name}'s agent`, () => existsSync(join(pod.state, "killed")));
          return now;
        });
        await pause(Math.max(...sent) + (Number.parseInt(ttl, 10) + 2) * 1000 - Date.now());
        for (const [index, pod] of victims.entries())
          assert.ok(median(ping(pod.address, 3)) < 60, `killed at step ${Math.min(step + index, made!)} of ${made}`);
        for (const [index, pod] of victims.entries()) {
          await until(`a clean device after step ${step + index}`, () => pod.snapshot() === plain[index], 10_000);
          await pod.answering();
        }
      }
      console.log(`# killed at ${made} steps, ends after ${ttl}`);
    } finally {
      for (const pod of victims) pod.delete();
    }
  });
});
