// The agent against a real kernel: what a ping, a transfer and a flow see, not what tc says.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { deadly, deviation, median, Pod, pause, ping, sh, until } from "./net.ts";

let pod: Pod;

describe("an agent in a pod", () => {
  before(async () => {
    pod = new Pod("a", 1);
    await pod.agent();
    pod.spawn(process.execPath, [join(import.meta.dirname, "app.js")]);
    await until("the app", () =>
      received(pod.address, 5001, 10).then(
        ({ bytes }) => bytes === 10,
        () => false,
      ),
    );
  });
  after(() => pod.delete());

  test("20 ms is 20 ms over the plain round trip, 50 ms is 50 ms, and nothing is left after DELETE", async () => {
    const rounds: Record<"plain" | "short" | "long" | "removed", number[]> = { plain: [], short: [], long: [], removed: [] };
    for (let round = 0; round < 5; round++) {
      rounds.plain.push(...ping(pod.address, 8));
      const { body } = await pod.call("GET", "/latency/20ms");
      assert.match(String(body["tc command"]), /^tc qdisc .* netem .*delay 20000us/);
      rounds.short.push(...ping(pod.address, 8));
      assert.equal((await pod.call("GET", "/latency/50ms")).status, 200);
      rounds.long.push(...ping(pod.address, 8));
      assert.equal((await pod.call("DELETE", "/latency")).status, 200);
      rounds.removed.push(...ping(pod.address, 8));
    }
    const plain = median(rounds.plain);
    const over = { short: median(rounds.short) - plain, long: median(rounds.long) - plain, removed: median(rounds.removed) - plain };
    console.log(
      `# plain ${plain} ms; over it: 20ms → ${over.short.toFixed(2)}, 50ms → ${over.long.toFixed(2)}, removed → ${over.removed.toFixed(2)}`,
    );
    assert.ok(Math.abs(over.short - 20) <= 1, `20 ms: ${over.short}`);
    assert.ok(Math.abs(over.long - 50) <= 1, `50 ms: ${over.long}`);
    assert.ok(Math.abs(over.removed) <= 1, `removed: ${over.removed}`);
  });

  test("changing the delay loses no packet of a running flow", async () => {
    await pod.call("GET", "/latency/20ms");
    const flow = new Flow(pod.address);
    await pause(500);
    for (const time of ["50ms", "5ms", "50ms"]) {
      assert.equal((await pod.call("GET", `/latency/${time}`)).status, 200);
      await pause(500);
    }
    const { sent, got } = await flow.end();
    await pod.call("DELETE", "/latency");
    assert.ok(sent > 100, `${sent} sent`);
    assert.equal(got.length, sent);
  });

  test("the jitter's standard deviation is within 15 %, and other distributions are taken", async () => {
    // Over the spread without jitter, in interleaved rounds: a busy machine delays too.
    const spreads: number[] = [];
    for (let round = 0; round < 5; round++) {
      await pod.put("jitter", { delay: { time: "60ms" } });
      const plain = deviation(ping(pod.address, 100, { interval: 0.01 }));
      await pod.put("jitter", { delay: { time: "60ms", jitter: "10ms", distribution: "normal" } });
      const jittered = deviation(ping(pod.address, 300, { interval: 0.01 }));
      spreads.push(Math.sqrt(Math.max(0, jittered ** 2 - plain ** 2)));
    }
    const spread = median(spreads);
    console.log(`# jitter 10 ms: standard deviation ${spread.toFixed(2)} ms, of ${spreads.map((one) => one.toFixed(2)).join(", ")}`);
    assert.ok(Math.abs(spread - 10) <= 1.5, `standard deviations ${spreads}`);
    for (const distribution of ["pareto", "paretonormal", "normal"])
      await pod.put("jitter", { delay: { time: "30ms", jitter: "5ms", correlation: 25, distribution } });
    // The kernel keeps the table of a distribution: without one the spread must be even again, within ± jitter.
    await pod.put("jitter", { delay: { time: "60ms", jitter: "10ms" } });
    const even = ping(pod.address, 200, { interval: 0.01 });
    // Of a normal distribution a third is further away.
    const outside = even.filter((time) => time < 49 || time > 71).length / even.length;
    assert.ok(outside < 0.15, `even: ${outside * 100} % outside of 60 ± 10 ms`);
    await pod.clear();
  });

  test("10 % loss is 10 % loss: the median of three times 2,000 packets is inside the 99 % interval", async () => {
    await pod.put("loss", { loss: { random: { percent: 10 } } });
    const lost = Array.from({ length: 3 }, () => {
      const [, got] = /2000 packets transmitted, (\d+) received/.exec(sh("ping", "-n", "-f", "-c", "2000", pod.address)) ?? [];
      return (2000 - Number(got)) / 20;
    });
    await pod.clear();
    console.log(`# loss 10 %: ${lost.join(" %, ")} %`);
    assert.ok(Math.abs(median(lost) - 10) <= 1.73, `lost ${lost}`);
    for (const loss of [{ state: { p13: 5, p31: 60 } }, { gemodel: { p: 3, r: 40 } }]) await pod.put("loss", { loss });
    await pod.clear();
  });

  test("packets are duplicated, corrupted and reordered", async () => {
    await pod.put("effects", { duplicate: { percent: 30 } });
    assert.match(sh("ping", "-n", "-i", "0.01", "-c", "100", pod.address), /\+\d+ duplicates/);
    await pod.put("effects", { corrupt: { percent: 40 } });
    // A corrupted packet fails its checksum.
    const corrupted = await new Flow(pod.address).during(1000);
    assert.ok(corrupted.got.length < corrupted.sent * 0.9, `${corrupted.got.length} of ${corrupted.sent}`);
    await pod.put("effects", { delay: { time: "40ms" }, reorder: { percent: 30, correlation: 10 } });
    const reordered = await new Flow(pod.address).during(1000);
    assert.ok(
      reordered.got.some((number, at) => at > 0 && number < reordered.got[at - 1]!),
      "every packet came in order",
    );
    await pod.clear();
  });

  test("1 Mbit is 1 Mbit of a transfer, within 10 %", async () => {
    await pod.put("rate", { rate: { bandwidth: "1mbit" } });
    await received(pod.address, 5001, 20_000);
    const { bytes, seconds } = await received(pod.address, 5001, 400_000);
    await pod.clear();
    const kilobits = (bytes * 8) / seconds / 1000;
    console.log(`# rate 1 Mbit: ${kilobits.toFixed(0)} kbit/s`);
    // Headers take 52 bytes of 1500.
    assert.ok(Math.abs(kilobits - 1000) <= 100, `${kilobits} kbit/s`);
  });

  test("a partition cuts one block of addresses off and leaves the others", async () => {
    const plain = median(ping(pod.address, 10));
    await pod.put("cut", { partition: true, direction: "both", targets: { cidrs: [`${pod.otherPeer}/32`] } });
    assert.deepEqual(ping(pod.address, 5, { from: pod.otherPeer }), []);
    assert.ok(median(ping(pod.address, 10)) < plain + 2);
    await pod.clear();
    assert.equal(ping(pod.address, 5, { from: pod.otherPeer }).length, 5);
  });

  test("a partition of everything leaves the agent within reach, over IPv6 too, where neighbours must be found again", async () => {
    await pod.put("cut", { partition: true, direction: "both" });
    assert.deepEqual([ping(pod.address, 3), ping(pod.address6, 3)], [[], []]);
    for (const address of [pod.address, pod.address6]) {
      pod.ip("neigh", "flush", "dev", "eth0");
      sh("ip", "neigh", "flush", "dev", `v${pod.name}`);
      assert.equal((await pod.call("GET", "/v1/faults", undefined, address)).status, 200, address);
    }
    assert.equal((await pod.call("DELETE", "/v1/faults", undefined, pod.address6)).status, 200);
    assert.equal(ping(pod.address6, 3).length, 3);
  });

  test("what one fault excludes another disturbs", async () => {
    const [from, other] = [pod.peer, pod.otherPeer];
    const targets = (address: string): object => ({ cidrs: [`${address}/32`] });
    await pod.put("spares", { direction: "ingress", delay: { time: "300ms" }, targets: targets(from), exclude: { ports: [5002] } });
    await pod.put("cuts", { direction: "ingress", partition: true, targets: { ...targets(other), ports: [5002] } });
    const asked = received(pod.address, 5002, 10, other).catch(() => undefined);
    const cut = await Promise.race([asked.then(() => "passed"), pause(1000).then(() => "cut")]);
    const [spared, slow] = [await received(pod.address, 5002, 10, from), median(ping(pod.address, 5))];
    await pod.clear();
    assert.equal(cut, "cut");
    assert.ok(slow >= 300 && spared.total < 0.3, `ping ${slow} ms, port 5002 ${spared.total} s`);
    assert.ok((await received(pod.address, 5002, 10, other)).bytes > 0);
  });

  test("a tree that somebody took away is put back when it is asked for again, and its fault can be deleted", async () => {
    const plain = pod.snapshot();
    const drop = (): string => pod.inside("tc", "qdisc", "del", "dev", "eth0", "root");
    await pod.put("f", { delay: { time: "100ms" } });
    drop();
    assert.ok(median(ping(pod.address, 3)) < 60);
    await pod.put("f", { delay: { time: "100ms" } });
    assert.ok(median(ping(pod.address, 3)) >= 100);
    drop();
    assert.equal((await pod.call("DELETE", "/v1/faults/f")).status, 200);
    assert.equal(pod.snapshot(), plain);
  });

  test("a fault that duplicates becomes another, and stands alone on its side", async () => {
    await pod.put("f", { duplicate: { percent: 30 }, targets: { ports: [5001] } });
    assert.equal((await pod.call("PUT", "/v1/faults/g", { delay: { time: "5ms" }, targets: { ports: [5002] } })).body["fault"], "f");
    await pod.put("g", { delay: { time: "5ms" }, targets: { ports: [5002] }, direction: "ingress" });
    await pod.put("f", { delay: { time: "5ms" }, targets: { ports: [5003] } });
    await pod.put("f", { duplicate: { percent: 30 } });
    await pod.clear();
  });

  test("one port is slow and the others are not", async () => {
    await pod.put("port", { delay: { time: "200ms" }, targets: { ports: [5001], protocol: "tcp" } });
    const [slow, quick] = [await received(pod.address, 5001, 10), await received(pod.address, 5002, 10)];
    const pinged = median(ping(pod.address, 5));
    await pod.clear();
    assert.ok(slow.total >= 0.4, `port 5001: ${slow.total} s`);
    assert.ok(quick.total < 0.2, `port 5002: ${quick.total} s`);
    assert.ok(pinged < 20, `ping: ${pinged}`);
  });

  test("what is excluded is not delayed", async () => {
    await pod.put("most", { delay: { time: "100ms" }, exclude: { cidrs: [pod.otherPeer] } });
    const [delayed, spared] = [median(ping(pod.address, 5)), median(ping(pod.address, 5, { from: pod.otherPeer }))];
    await pod.clear();
    assert.ok(delayed >= 100 && spared < 20, `${delayed} and ${spared}`);
  });

  test("ingress is delayed too, and both directions together", async () => {
    const rounds: Record<"plain" | "ingress" | "both", number[]> = { plain: [], ingress: [], both: [] };
    for (let round = 0; round < 3; round++) {
      rounds.plain.push(...ping(pod.address, 8));
      for (const direction of ["ingress", "both"] as const) {
        await pod.put("in", { delay: { time: "25ms" }, direction });
        rounds[direction].push(...ping(pod.address, 8));
      }
      await pod.clear();
    }
    const plain = median(rounds.plain);
    const [ingress, both] = [median(rounds.ingress) - plain, median(rounds.both) - plain];
    console.log(`# ingress 25 ms → ${ingress.toFixed(2)} over plain, both → ${both.toFixed(2)}`);
    assert.ok(Math.abs(ingress - 25) <= 1.5, `ingress ${ingress}`);
    assert.ok(Math.abs(both - 50) <= 2, `both ${both}`);
  });

  test("IPv6 is delayed as IPv4 is", async () => {
    const rounds: Record<"plain" | "slow", number[]> = { plain: [], slow: [] };
    for (let round = 0; round < 3; round++) {
      rounds.plain.push(...ping(pod.address6, 8));
      await pod.call("GET", "/latency/30ms");
      rounds.slow.push(...ping(pod.address6, 8));
      await pod.call("DELETE", "/latency");
    }
    const over = median(rounds.slow) - median(rounds.plain);
    assert.ok(Math.abs(over - 30) <= 1.5, `over ${over}`);
  });

  test("ten faults at once, taken away in random order, leave the device as it was", async () => {
    const before = pod.snapshot();
    const names = Array.from({ length: 10 }, (_, index) => `fault-${index}`);
    for (const [index, name] of names.entries())
      await pod.put(name, {
        delay: { time: `${index + 1}ms` },
        direction: index % 3 === 0 ? "both" : "egress",
        targets: { ports: [6001 + index] },
      });
    const order = names.map((name) => ({ name, at: Math.random() })).sort((a, b) => a.at - b.at);
    console.log(`# removed in the order ${order.map(({ name }) => name.replace("fault-", "")).join(" ")}`);
    for (const { name } of order) assert.equal((await pod.call("DELETE", `/v1/faults/${name}`)).status, 200);
    assert.equal(pod.snapshot(), before);
  });

  test("a queueing discipline of somebody else is not touched without force", async () => {
    pod.inside("tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "pfifo", "limit", "500");
    const before = pod.snapshot();
    const { status, body } = await pod.call("GET", "/latency/20ms");
    assert.equal(status, 409);
    assert.match(body.error!, /not the agent's \(pfifo 1:\)/);
    assert.equal(pod.snapshot(), before);
    assert.equal((await pod.call("GET", "/latency/20ms?force=true")).status, 200);
    assert.ok(median(ping(pod.address, 5)) >= 20);
    await pod.call("DELETE", "/latency");
    assert.match(pod.inside("tc", "qdisc", "show", "dev", "eth0"), /noqueue 0: root/);
  });

  test("a fault that overlaps another is refused with its name, and changes nothing", async () => {
    await pod.put("first", { delay: { time: "5ms" }, targets: { cidrs: ["10.9.0.0/16"] } });
    const before = pod.snapshot().replaceAll(/expires [\dsmh]+/g, "");
    const { status, body } = await pod.call("PUT", "/v1/faults/second", { delay: { time: "5ms" }, targets: { cidrs: ["10.9.1.0/24"] } });
    assert.deepEqual([status, body["fault"]], [409, "first"]);
    assert.equal(pod.snapshot().replaceAll(/expires [\dsmh]+/g, ""), before);
    await pod.clear();
  });

  test("a fault ends when its time is over", async () => {
    const before = pod.snapshot();
    const { body } = await pod.call("PUT", "/v1/faults/short", { delay: { time: "100ms" }, ttl: "8s" });
    assert.ok(median(ping(pod.address, 3)) >= 100);
    await pause(Date.parse(String(body["until"])) - Date.now());
    assert.ok(median(ping(pod.address, 3)) < 20);
    // The kernel has ended it; the agent takes the rest away.
    await until("a clean device", () => pod.snapshot() === before, 2_000);
    assert.deepEqual((await pod.call("GET", "/v1/faults")).body["faults"], []);
  });

  test("what the API says is there is what the kernel has", async () => {
    await pod.call("GET", "/latency/20ms");
    const { body } = await pod.call("GET", "/v1/state");
    const { qdisc, nft } = body["actual"] as Record<string, string>;
    assert.match(qdisc!, /qdisc netem .* delay 20ms/);
    assert.match(nft!, /oifname @gate2 jump band2/);
    await pod.clear();
  });
});

describe("faults end whatever dies", () => {
  test("the agent is killed before or after each step of applying and removing: nothing is delayed after the time and 2 s", async () => {
    const victim = new Pod("v", 2);
    try {
      const folder = deadly(victim.state);
      await victim.agent({ watchdog: true, env: { PATH: `${folder}:${process.env["PATH"]}` } });
      const set = (file: string, text: string): void => writeFileSync(join(victim.state, file), text);
      const counted = async (work: () => Promise<unknown>): Promise<number> => {
        set("step", "0");
        await work();
        return Number(readFileSync(join(victim.state, "step"), "utf8"));
      };
      const apply = (): Promise<unknown> => victim.put("f", { delay: { time: "150ms" }, ttl: `${ttlS}s` });
      const remove = (): Promise<unknown> => victim.clear();
      const start = Date.now();
      const [steps, removals] = [await counted(() => victim.put("f", { delay: { time: "150ms" } })), await counted(remove)];
      // Long enough for a slow machine to have applied the fault before it ends.
      const ttlS = Math.max(3, Math.ceil((Date.now() - start) / 500));
      assert.ok(steps >= 5 && removals >= 3, `${steps} and ${removals} steps`);
      const plans = Object.entries({ apply: steps, remove: removals }).flatMap(([phase, count]) =>
        Array.from({ length: count }, (_, step) => ["before", "after"].map((side) => [phase, `${step + 1}-${side}`])).flat(),
      );
      for (const [phase, at] of plans) {
        if (phase === "remove") await apply();
        set("step", "0");
        set("kill-at", at!);
        const began = Date.now();
        // The connection dies with the agent.
        await (phase === "apply" ? apply() : remove()).catch(() => undefined);
        await until(`${phase} ${at}: the agent's death`, () => existsSync(join(victim.state, "killed")), 10_000);
        set("kill-at", "0");
        sh("rm", join(victim.state, "killed"));
        await pause(Math.max(0, began + (ttlS + 2) * 1000 - Date.now()));
        assert.ok(median(ping(victim.address, 3)) < 50, `${phase}, killed at ${at}`);
        await victim.answering();
        assert.ok(!victim.inside("tc", "qdisc", "show", "dev", "eth0").includes("netem"), `${phase}, killed at ${at}: a netem is left`);
      }
      console.log(`# killed at ${plans.length} moments, ends after ${ttlS} s`);
    } finally {
      victim.delete();
    }
  });

  test("every process of the container dies at once: the kernel ends the fault by itself", async () => {
    const victim = new Pod("w", 3);
    try {
      await victim.agent({ watchdog: true });
      const { body } = await victim.call("PUT", "/v1/faults/f", { delay: { time: "150ms" }, ttl: "12s" });
      victim.kill();
      assert.ok(median(ping(victim.address, 3)) >= 150);
      await pause(Date.parse(String(body["until"])) + 2000 - Date.now());
      assert.ok(median(ping(victim.address, 5)) < 50);
      // A new container finds what the old one left.
      await victim.agent({ watchdog: true });
      assert.match(victim.inside("tc", "qdisc", "show", "dev", "eth0"), /noqueue 0: root/);
    } finally {
      victim.delete();
    }
  });

  test("an agent that hangs is no reason to be late: the watchdog ends the fault", async () => {
    const victim = new Pod("x", 4);
    try {
      await victim.agent({ watchdog: true, args: ["--no-marks"] });
      const { body } = await victim.call("PUT", "/v1/faults/f", { delay: { time: "150ms" }, ttl: "8s" });
      const [agent] = sh("ip", "netns", "pids", "x")
        .split(/\s+/)
        .filter(
          (pid) =>
            pid !== "" &&
            readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("outrigger-agent.js") &&
            !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("watchdog"),
        );
      process.kill(Number(agent), "SIGSTOP");
      await pause(Date.parse(String(body["until"])) + 2000 - Date.now());
      assert.ok(median(ping(victim.address, 3)) < 50);
    } finally {
      victim.delete();
    }
  });

  test("SIGTERM takes every fault away", async () => {
    const victim = new Pod("y", 5);
    try {
      const watchdog = await victim.agent({ watchdog: true });
      await victim.put("f", { delay: { time: "100ms" }, direction: "both" });
      process.kill(watchdog.pid!, "SIGTERM");
      await until("the container's end", () => watchdog.exitCode !== null);
      assert.equal(watchdog.exitCode, 0);
      assert.match(victim.inside("tc", "qdisc", "show", "dev", "eth0"), /^qdisc noqueue 0: root refcnt 2\s*$/);
      assert.ok(!victim.ip("link").includes("orfault0"));
    } finally {
      victim.delete();
    }
  });
});

test("two agents in two pods do not see each other", async () => {
  const [one, other] = [new Pod("p", 6), new Pod("q", 7)];
  try {
    await one.agent();
    await other.agent();
    await one.call("GET", "/latency/100ms");
    assert.ok(median(ping(one.address, 3)) >= 100);
    assert.ok(median(ping(other.address, 3)) < 30);
    assert.deepEqual((await other.call("GET", "/v1/faults")).body["faults"], []);
    await other.clear();
    assert.ok(median(ping(one.address, 3)) >= 100);
  } finally {
    one.delete();
    other.delete();
  }
});

/** Reads so many bytes over TCP. `seconds` from the first byte to the last, `total` from the connection on. */
function received(
  host: string,
  port: number,
  wanted: number,
  localAddress?: string,
): Promise<{ bytes: number; seconds: number; total: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let first = 0;
    let bytes = 0;
    const socket = connect({ port, host, ...(localAddress && { localAddress }) }, () => socket.write(`${wanted}\n`));
    socket.setTimeout(30_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk: Buffer) => {
      first ||= performance.now();
      bytes += chunk.length;
    });
    socket.on("error", reject);
    socket.on("end", () => resolve({ bytes, seconds: (performance.now() - first) / 1000, total: (performance.now() - began) / 1000 }));
  });
}

/** Numbered packets to the pod's echo, one every 5 ms. */
class Flow {
  readonly #socket = createSocket("udp4");
  readonly #got: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(address: string) {
    this.#socket.on("message", (message) => this.#got.push(message.readUInt32BE(0)));
    this.#timer = setInterval(() => {
      const packet = Buffer.alloc(64);
      packet.writeUInt32BE(this.#sent++);
      this.#socket.send(packet, 7000, address);
    }, 5);
  }

  async during(ms: number): Promise<{ sent: number; got: number[] }> {
    await pause(ms);
    return this.end();
  }

  async end(): Promise<{ sent: number; got: number[] }> {
    clearInterval(this.#timer);
    await pause(500);
    this.#socket.close();
    return { sent: this.#sent, got: this.#got };
  }
}
