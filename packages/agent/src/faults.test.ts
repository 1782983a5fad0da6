import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rightFault } from "../test/fault-arbitraries.ts";
import { ModelKernel } from "../test/model-kernel.ts";
import { parseFault } from "./fault/index.ts";
import { ConflictError, Faults } from "./faults.ts";
import { Api } from "./http/index.ts";
import { Device, ForeignQdiscError, KernelError } from "./kernel/index.ts";
import { StateError, StateFolder } from "./store/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agent-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const EMPTY = new ModelKernel().snapshot();

function withDevice(kernel: ModelKernel): { faults: Faults; device: Device } {
  const device = new Device({ name: "eth0", run: (command) => kernel.run(command), marks: true, spared: { port: 2332, addresses: [] } });
  return { device, faults: new Faults({ device, state: new StateFolder(folder) }) };
}

function agent(marks: boolean, kernel = new ModelKernel(), state = new StateFolder(folder)): { kernel: ModelKernel; faults: Faults } {
  const device = new Device({
    name: "eth0",
    run: (command) => kernel.run(command),
    marks,
    spared: { port: 2332, addresses: [{ family: 4, text: "10.0.0.7" }] },
  });
  return { kernel, faults: new Faults({ device, state }) };
}

async function until(time: number): Promise<void> {
  while (performance.now() < time) await new Promise((resolve) => setTimeout(resolve, time - performance.now()));
}

async function put(faults: Faults, name: string, spec: object): Promise<readonly string[]> {
  const { fault, problems } = parseFault(spec);
  if (problems) throw new Error(JSON.stringify(problems));
  return (await faults.put(name, spec, fault)).map(({ argv }) => argv.join(" "));
}

/** A folder that is never written: these tests are about the kernel. */
class NoFolder extends StateFolder {
  override write(): void {}
  override writeUndo(): void {}
}

type Step = { readonly name: string; readonly spec?: object };
const history = fc.array(
  fc.record({ name: fc.integer({ min: 0, max: 5 }).map((number) => `f${number}`), spec: fc.option(rightFault, { nil: undefined }) }),
  { minLength: 1, maxLength: 15 },
) as fc.Arbitrary<Step[]>;

const isRefusal = (error: unknown): undefined => {
  if (!(error instanceof ConflictError)) throw error;
};

describe.each([true, false])("a history of faults (marks: %s)", (marks) => {
  test("is a plan that the kernel takes, whose end is the device as it was", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { kernel, faults } = agent(marks, new ModelKernel(), new NoFolder(folder));
        for (const { name, spec } of steps) {
          const before = kernel.snapshot();
          const refused = spec ? await put(faults, name, spec).catch(isRefusal) : await faults.remove(name);
          if (refused === undefined) expect(kernel.snapshot()).toBe(before);
        }
        for (const { name } of faults.active) await faults.remove(name);
        expect(kernel.snapshot()).toBe(EMPTY);
      }),
      { numRuns: 300 },
    );
  });

  test("has no trace of how it came about: the same faults are the same tree", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { kernel, faults } = agent(marks, new ModelKernel(), new NoFolder(folder));
        for (const { name, spec } of steps) await (spec ? put(faults, name, spec).catch(isRefusal) : faults.remove(name));
        const fresh = agent(marks, new ModelKernel(), new NoFolder(folder));
        for (const { name, spec } of faults.active) await put(fresh.faults, name, spec as object);
        expect(leaves(kernel)).toEqual(leaves(fresh.kernel));
      }),
      { numRuns: 200 },
    );
  });

  test("goes back to where it was when any step of a change fails", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 0, max: 12 }), async (steps, failIn) => {
        const { kernel, faults } = agent(marks, new ModelKernel(), new NoFolder(folder));
        for (const { name, spec } of steps.slice(0, -1)) await (spec ? put(faults, name, spec).catch(isRefusal) : faults.remove(name));
        const [before, names] = [kernel.snapshot(), faults.active.map(({ name }) => name)];
        kernel.failIn = failIn;
        const { name, spec = { delay: { time: "7ms" }, direction: "both" } } = steps.at(-1)!;
        const error = await put(faults, name, spec).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        kernel.failIn = Number.POSITIVE_INFINITY;
        if (error === undefined) return;
        if (!(error instanceof KernelError)) isRefusal(error);
        expect(kernel.snapshot()).toBe(before);
        expect(faults.active.map(({ name: one }) => one)).toEqual(names);
      }),
      { numRuns: 300 },
    );
  });
});

/** What is done to which packets, wherever in the tree. */
function leaves(kernel: ModelKernel): Record<string, string[]> {
  const { qdiscs } = JSON.parse(kernel.snapshot()) as { qdiscs: [string, { text: string; kind: string }[]][] };
  return Object.fromEntries(qdiscs.map(([device, list]) => [device, list.map(({ text }) => text).sort()]));
}

describe("faults", () => {
  test("faults of the same packets share a band, with every attribute each time", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "slow", { delay: { time: "20ms" } });
    const commands = await put(faults, "lossy", { loss: { random: { percent: 5 } } });
    expect(commands.find((command) => command.includes("netem"))).toBe(
      "tc qdisc change dev eth0 parent 7a00:2 handle 7a18: netem limit 100000 delay 20000us 0us 0% loss random 5% 0% duplicate 0% 0% corrupt 0% 0% reorder 0% 0%",
    );
    expect(kernel.kinds()).toEqual(["netem", "pfifo", "prio"]);
    await faults.removeAll();
  });

  test("a changed delay changes the leaf and deletes nothing", async () => {
    const { faults } = agent(true);
    await put(faults, "slow", { delay: { time: "20ms" } });
    const commands = await put(faults, "slow", { delay: { time: "50ms" } });
    expect(commands.filter((command) => / (del|add|replace) /.test(command))).toEqual([]);
    await faults.removeAll();
  });

  test("targets that overlap are refused with the other fault's name", async () => {
    const { faults } = agent(true);
    await put(faults, "wide", { delay: { time: "20ms" }, targets: { cidrs: ["10.0.0.0/8"] } });
    await expect(put(faults, "narrow", { delay: { time: "1ms" }, targets: { cidrs: ["10.2.0.0/16"] } })).rejects.toMatchObject({
      other: "wide",
    });
    await put(faults, "elsewhere", { delay: { time: "1ms" }, targets: { cidrs: ["11.0.0.0/8", "fd00::/8"] } });
    await faults.removeAll();
  });

  test("fifteen groups of packets fit, the sixteenth is told why it does not", async () => {
    const { faults } = agent(false);
    for (let port = 1; port <= 15; port++) await put(faults, `p${port}`, { delay: { time: "1ms" }, targets: { ports: [port] } });
    await expect(put(faults, "p16", { delay: { time: "1ms" }, targets: { ports: [16] } })).rejects.toThrow("no room for more");
    await faults.remove("p7");
    await put(faults, "p16", { delay: { time: "1ms" }, targets: { ports: [16] } });
    await faults.removeAll();
  });

  test("packets of one device are duplicated by one fault only", async () => {
    const { faults } = agent(true);
    await put(faults, "one", { duplicate: { percent: 5 }, targets: { ports: [80] } });
    await expect(put(faults, "two", { duplicate: { percent: 5 }, targets: { ports: [81] } })).rejects.toMatchObject({ other: "one" });
    await faults.removeAll();
  });

  test("the agent's own port and the spared address stand before every fault, for both families", async () => {
    const { kernel, faults } = agent(false);
    await put(faults, "cut", { partition: true, direction: "both" });
    const first = kernel.filters().filter(({ parent, pref }) => parent === "7a00:" && Number(pref) < 100);
    expect(first.map(({ protocol, text }) => `${protocol} ${text}`)).toEqual([
      "ip flower ip_proto tcp src_port 2332 classid 7a00:1",
      "ip flower dst_ip 10.0.0.7 classid 7a00:1",
      "ipv6 flower ip_proto tcp src_port 2332 classid 7a00:1",
      // Neighbour discovery: ICMPv6 types 133 to 137.
      "ipv6 flower ip_proto icmpv6 type 132/252 classid 7a00:1",
      "ipv6 flower ip_proto icmpv6 type 136/254 classid 7a00:1",
    ]);
    expect(kernel.filters("orfault0").some(({ text }) => text.includes("dst_port 2332 classid 7a00:1"))).toBe(true);
    await faults.removeAll();
  });

  test("with marks, the kernel holds each fault's end itself", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "slow", { delay: { time: "20ms" }, ttl: "30s" });
    const [, remaining] = /elements = \{ "eth0" timeout (\d+)ms \}/.exec(kernel.table("outrigger_fault") ?? "") ?? [];
    expect(Number(remaining)).toBeGreaterThan(29_000);
    expect(Number(remaining)).toBeLessThanOrEqual(30_000);
    await faults.removeAll();
    expect(kernel.table("outrigger_fault")).toBeUndefined();
  });

  test("a discipline of somebody else is left alone unless force is asked for", async () => {
    const { kernel, faults } = agent(true);
    await kernel.run({ argv: ["tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "pfifo"] });
    const before = kernel.snapshot();
    await expect(put(faults, "slow", { delay: { time: "20ms" } })).rejects.toThrow(ForeignQdiscError);
    expect([kernel.snapshot(), faults.active]).toEqual([before, []]);
    const { fault } = parseFault({ delay: { time: "20ms" } });
    await faults.put("slow", {}, fault!, true);
    expect(kernel.kinds()).toContain("netem");
    await faults.removeAll();
  });

  test("what is wanted and how to undo it is on disk before the kernel hears of it", async () => {
    const { kernel, faults } = agent(true);
    const seen: string[] = [];
    const run = kernel.run;
    const device = new Device({
      name: "eth0",
      run: (command) => {
        if (!command.argv.includes("show"))
          seen.push(readFileSync(join(folder, "faults.json"), "utf8") + readFileSync(join(folder, "undo"), "utf8"));
        return run(command);
      },
      marks: true,
      spared: { port: 2332, addresses: [] },
    });
    const watched = new Faults({ device, state: new StateFolder(folder) });
    await put(watched, "slow", { delay: { time: "20ms" } });
    expect(seen.length).toBeGreaterThan(2);
    for (const text of seen) expect(text).toMatch(/"slow".*\n\d+ \S+\neth0 marks\n/s);
    await watched.removeAll();
    await faults.stop();
  });

  test("where nothing can be written nothing is applied, and the answer says so", async () => {
    writeFileSync(join(folder, "file"), "");
    const kernel = new ModelKernel();
    const { faults } = agent(true, kernel, new StateFolder(join(folder, "file", "state")));
    await expect(put(faults, "slow", { delay: { time: "20ms" } })).rejects.toThrow(StateError);
    expect([kernel.snapshot(), faults.active]).toEqual([EMPTY, []]);
  });

  test("an agent that comes after one that was killed puts in force what has not ended, and takes away the rest", async () => {
    const kernel = new ModelKernel();
    const killed = agent(true, kernel);
    await put(killed.faults, "short", { delay: { time: "20ms" }, direction: "both", targets: { ports: [80] } });
    await put(killed.faults, "long", { delay: { time: "30ms" }, ttl: "1h", targets: { ports: [81] } });
    const stored = JSON.parse(readFileSync(join(folder, "faults.json"), "utf8")) as { faults: { name: string; until: number }[] };
    const state = new StateFolder(folder);
    state.write(
      stored.faults.map((one) => ({ spec: undefined, ...one, endsAt: performance.now() + (one.name === "short" ? -1 : 60_000) })),
      undefined,
    );
    const { faults } = agent(true, kernel, state);
    await faults.restore();
    expect(faults.active.map(({ name }) => name)).toEqual(["long"]);
    expect(kernel.snapshot()).not.toContain("orfault0");
    await faults.stop();
    await killed.faults.stop();
    expect(kernel.snapshot()).toBe(EMPTY);
  });

  test("a fault whose time is over before it is in force is taken back, and the caller told", async () => {
    const { kernel, faults } = agent(true);
    const { run } = kernel;
    kernel.run = async (command) => {
      const outcome = await run(command);
      if (command.argv.includes("20000us")) await until(performance.now() + 1000);
      return outcome;
    };
    await expect(put(faults, "short", { delay: { time: "20ms" }, ttl: "1s", direction: "both" })).rejects.toThrow(
      /time was over when \d+ of/,
    );
    expect([kernel.snapshot(), faults.active]).toEqual([EMPTY, []]);
  });

  test("what cannot be ended is tried again, and its undo stays due", async () => {
    const { kernel, faults } = agent(false);
    await put(faults, "short", { delay: { time: "20ms" }, direction: "both", ttl: "1s" });
    const { run } = kernel;
    let refused = 0;
    kernel.run = () => {
      refused++;
      return Promise.reject(new Error("spawn tc EAGAIN"));
    };
    await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThan(5);
    expect([faults.active.length, readFileSync(join(folder, "undo"), "utf8").includes("eth0 ingress")]).toEqual([1, true]);
    kernel.run = run;
    await expect.poll(() => faults.active.length, { timeout: 10_000 }).toBe(0);
    expect([kernel.snapshot(), existsSync(join(folder, "undo"))]).toEqual([EMPTY, false]);
  });

  test("what could not be taken back of a refused fault is taken away as soon as it can be", async () => {
    const { kernel, faults } = agent(false);
    const { run } = kernel;
    let left = 6;
    kernel.run = (command) => (left-- > 0 ? run(command) : Promise.reject(new Error("spawn tc EAGAIN")));
    await expect(put(faults, "f", { delay: { time: "20ms" }, direction: "both" })).rejects.toThrow("EAGAIN");
    expect([kernel.snapshot() === EMPTY, faults.active, existsSync(join(folder, "undo"))]).toEqual([false, [], true]);
    kernel.run = run;
    await expect.poll(() => kernel.snapshot(), { timeout: 10_000 }).toBe(EMPTY);
    await expect.poll(() => existsSync(join(folder, "undo")), { timeout: 10_000 }).toBe(false);
  });

  test("a fault can be deleted although somebody took the device of all of them", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "both", { delay: { time: "20ms" }, direction: "both", targets: { ports: [80] } });
    await put(faults, "other", { delay: { time: "20ms" }, targets: { ports: [81] } });
    await kernel.run({ argv: ["tc", "qdisc", "del", "dev", "eth0", "root"] });
    await kernel.run({ argv: ["tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "pfifo"] });
    await faults.remove("both");
    expect([faults.active, kernel.snapshot().includes("orfault0"), kernel.kinds()]).toEqual([[], false, ["pfifo"]]);
  });

  test("a fault lasts as long as it was to, though the clock is set back and the agent starts anew", async () => {
    const killed = agent(true);
    await put(killed.faults, "f", { delay: { time: "20ms" }, ttl: "1h" });
    const file = join(folder, "faults.json");
    // As an hour before, by the clock alone.
    const stored = readFileSync(file, "utf8").replace(/"until":(\d+)/, (_, until) => `"until":${Number(until) + 3_600_000}`);
    writeFileSync(
      file,
      stored.replace(/"uptime":([\d.]+)/, (_, uptime) => `"uptime":${Number(uptime) - 3_000_000}`),
    );
    const { faults } = agent(true, killed.kernel);
    await faults.restore();
    expect(faults.active[0]!.endsAt - performance.now()).toBeLessThanOrEqual(600_000);
    await faults.removeAll();
    await killed.faults.stop();
  });

  test("an agent that comes late gives up the fault that ends meanwhile, and no other", async () => {
    const { kernel, faults } = agent(true);
    const now = performance.now();
    new StateFolder(folder).write(
      [
        { name: "short", spec: { delay: { time: "20ms" }, targets: { ports: [80] } }, until: 0, endsAt: now + 2000 },
        { name: "long", spec: { delay: { time: "30ms" }, targets: { ports: [81] } }, until: 0, endsAt: now + 60_000 },
      ],
      undefined,
    );
    const { run } = kernel;
    kernel.run = async (command) => {
      const outcome = await run(command);
      // The first leaf is added, and until the next command the time is over. The state file counts hundredths of a
      // second, by a clock of that precision: what is read may end up to two later than what was written.
      if (command.argv.includes("20000us")) await until(now + 2020);
      return outcome;
    };
    await faults.restore();
    expect(faults.active.map(({ name }) => name)).toEqual(["long"]);
    expect(kernel.snapshot()).not.toContain("20000us");
    await faults.stop();
    expect(kernel.snapshot()).toBe(EMPTY);
  });

  test("what one fault excludes another may disturb: exclusions hold for their own targets alone", async () => {
    const { kernel, faults } = agent(false);
    await put(faults, "a", { delay: { time: "20ms" }, targets: { cidrs: ["10.1.0.0/16"] }, exclude: { ports: [443] } });
    await put(faults, "b", { partition: true, targets: { cidrs: ["10.2.0.0/16"], ports: [443] } });
    const passed = kernel.filters().filter(({ text }) => text.includes("443") && text.includes("classid 7a00:1"));
    expect(new Set(passed.map(({ chain }) => chain))).toEqual(new Set(["2"]));
    expect(kernel.filters().find(({ text }) => text.includes("10.1.0.0/16"))?.text).toBe("flower dst_ip 10.1.0.0/16 action goto chain 2");
    await faults.remove("a");
    expect(kernel.filters().filter(({ chain }) => chain === "2")).toEqual([]);
    await faults.removeAll();
    expect(kernel.snapshot()).toBe(EMPTY);
  });

  test("a tree that somebody took away is made anew by the next change, and nothing is left to delete", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "slow", { delay: { time: "20ms" }, direction: "both" });
    const whole = kernel.snapshot();
    for (const damage of [
      ["tc", "qdisc", "del", "dev", "eth0", "root"],
      ["tc", "qdisc", "del", "dev", "orfault0", "parent", "7a00:2"],
      ["ip", "link", "del", "orfault0"],
    ]) {
      await kernel.run({ argv: damage });
      expect(kernel.snapshot(), damage.join(" ")).not.toBe(whole);
      expect(await put(faults, "slow", { delay: { time: "20ms" }, direction: "both" })).toContainEqual(expect.stringContaining("netem"));
      expect(kernel.snapshot(), damage.join(" ")).toBe(whole);
    }
    await kernel.run({ argv: ["tc", "qdisc", "del", "dev", "eth0", "root"] });
    await faults.removeAll();
    expect([kernel.snapshot(), faults.active]).toEqual([EMPTY, []]);
  });

  test("a fault that comes to duplicate, on other packets than before, has nothing beside it on the way", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "one", { delay: { time: "20ms" }, targets: { ports: [80] } });
    await put(faults, "one", { duplicate: { percent: 10 }, targets: { ports: [81] } });
    await put(faults, "one", { delay: { time: "20ms" }, targets: { ports: [80] } });
    await faults.removeAll();
    expect(kernel.snapshot()).toBe(EMPTY);
  });

  test("a folder that takes no more leaves the undo of before as it was", async () => {
    const { faults } = agent(true);
    await put(faults, "long", { delay: { time: "20ms" }, targets: { ports: [81] }, ttl: "1h" });
    const undo = readFileSync(join(folder, "undo"), "utf8");
    // Nothing can be written where a folder stands.
    mkdirSync(join(folder, ".faults.json.new"));
    await expect(put(faults, "short", { delay: { time: "20ms" }, targets: { ports: [80] }, ttl: "1s" })).rejects.toThrow(StateError);
    expect(readFileSync(join(folder, "undo"), "utf8")).toBe(undo);
    rmSync(join(folder, ".faults.json.new"), { recursive: true });
    await faults.removeAll();
  });

  test("faults can be deleted on a full disk, and stay deleted when the agent starts anew", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "one", { delay: { time: "20ms" }, targets: { ports: [80] }, ttl: "1h" });
    await put(faults, "two", { delay: { time: "20ms" }, targets: { ports: [81] }, ttl: "1h" });
    // Nothing can be written where a folder stands.
    mkdirSync(join(folder, ".faults.json.new"));
    await faults.remove("one");
    expect(faults.active.map(({ name }) => name)).toEqual(["two"]);
    // The agent was killed, and nothing had its undo run.
    const after = agent(true, kernel);
    await after.faults.restore();
    expect([after.faults.active, kernel.snapshot()]).toEqual([[], EMPTY]);
    await faults.stop();
    await put(faults, "one", { delay: { time: "20ms" } }).then(
      () => expect.unreachable(),
      (error) => expect(error).toBeInstanceOf(StateError),
    );
    rmSync(join(folder, ".faults.json.new"), { recursive: true });
  });

  test.each([
    ["a time that no calendar has", [{ name: "a", spec: { delay: { time: "20ms" } }, until: 1e300 }]],
    ["a name that is no name", [{ name: "../a b", spec: { delay: { time: "20ms" } }, until: 4e12 }]],
    ["no list", { name: "a" }],
    ["nothing in the list", [null, 1, "a", []]],
    ["specs that are none", [1, null, "x", [], { until: "x" }].map((spec, at) => ({ name: `f${at}`, spec, until: 4e12 }))],
    ["one name twice", ["20ms", "30ms"].map((time) => ({ name: "a", spec: { delay: { time } }, until: 4e12 }))],
    [
      "more than an agent takes",
      Array.from({ length: 500 }, (_, port) => ({
        name: `f${port}`,
        spec: { delay: { time: "1ms" }, targets: { ports: [port + 1] } },
        until: 4e12,
      })),
    ],
  ])("a spoiled state breaks nothing: %s", async (_, stored) => {
    writeFileSync(join(folder, "faults.json"), JSON.stringify({ version: 1, boot: "another", faults: stored }), { mode: 0o600 });
    const kernel = new ModelKernel();
    const { faults, device } = withDevice(kernel);
    await faults.restore();
    const api = new Api(faults, device);
    for (const [method, url, body] of [
      ["GET", "/v1/faults", ""],
      ["GET", "/v1/state", ""],
      ["GET", "/latency", ""],
      ["GET", "/metrics", ""],
      ["DELETE", "/v1/faults", ""],
      ["PUT", "/v1/faults/new", '{"delay":{"time":"20ms"}}'],
      ["DELETE", "/v1/faults/new", ""],
    ] as const)
      expect([url, (await api.answer({ method, url, body })).status]).toEqual([url, expect.toSatisfy((status: number) => status < 300)]);
    expect(kernel.snapshot()).toBe(EMPTY);
    await faults.stop();
  });

  test("a state that others may write is not believed", async () => {
    const spec = { delay: { time: "20ms" } };
    const text = JSON.stringify({ version: 1, boot: "another", faults: [{ name: "a", spec, until: Date.now() + 60_000 }] });
    const restored = async (): Promise<number> => {
      const { faults } = agent(true);
      await faults.restore();
      const { length } = faults.active;
      await faults.stop();
      return length;
    };
    writeFileSync(join(folder, "faults.json"), text, { mode: 0o600 });
    expect(await restored()).toBe(1);
    rmSync(join(folder, "faults.json"), { force: true });
    writeFileSync(join(folder, "faults.json"), text, { mode: 0o644 });
    expect(await restored()).toBe(0);
    rmSync(join(folder, "faults.json"), { force: true });
    writeFileSync(join(folder, "data"), text, { mode: 0o600 });
    symlinkSync(join(folder, "data"), join(folder, "faults.json"));
    expect(await restored()).toBe(0);
  });

  test("the undo of what is being ended stays due until it has ended", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "short", { delay: { time: "20ms" }, targets: { ports: [80] }, ttl: "10s" });
    await put(faults, "long", { delay: { time: "20ms" }, targets: { ports: [81] }, ttl: "1h" });
    const due = (): number => Number(/^\d+/.exec(readFileSync(join(folder, "undo"), "utf8"))?.[0]);
    const [first, seen]: [number, number[]] = [due(), []];
    const { run } = kernel;
    kernel.run = (command) => {
      if (command.argv.includes("del")) seen.push(due());
      return run(command);
    };
    await faults.remove("short");
    // Uptime is told in hundredths of a second.
    expect([seen.length > 0, seen.filter((one) => Math.abs(one - first) > 5)]).toEqual([true, []]);
    expect(due()).toBeGreaterThan(first + 3000);
    await faults.removeAll();
  });

  test("a fault ends at its time", async () => {
    const { kernel, faults } = agent(true);
    await put(faults, "short", { delay: { time: "20ms" }, ttl: "1s" });
    await expect.poll(() => faults.active.length, { timeout: 5000 }).toBe(0);
    expect(kernel.snapshot()).toBe(EMPTY);
  });
});
