import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_OVERCOMMIT, RESOURCES, type ResourceName, units } from "./amounts.ts";
import { decideNode } from "./decide.ts";
import { type OvercommitRecord, RECORD_ANNOTATION, readRecord } from "./record.ts";
import type { Target } from "./target.ts";
import { correctWrite, type OvercommitNode } from "./write.ts";

/** The model: a node as the API server stores it, the kubelet that it belongs to, and what acts on both. */
interface World {
  stored: Stored;
  /** Copies of the node that the kubelet may still hold, the newest last. */
  readonly seen: Stored[];
  truth: Record<ResourceName, number>;
  capacity: Record<ResourceName, number>;
  webhook: boolean;
  target: Target | undefined;
  requested: Record<ResourceName, bigint>;
  /** The most that was ever true, and the highest ratio that was ever asked for: what nothing may exceed when it is multiplied once. */
  most: Record<ResourceName, number>;
}
interface Stored extends OvercommitNode {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly status: { readonly allocatable: Readonly<Record<string, string>>; readonly capacity: Readonly<Record<string, string>> };
}

const HIGHEST = 5000;
const text = (resource: ResourceName, amount: number): string => (resource === "cpu" ? `${amount}m` : String(amount));

function start(): World {
  const truth = { cpu: 4000, memory: 1000 };
  const written = { cpu: text("cpu", truth.cpu), memory: text("memory", truth.memory) };
  const stored: Stored = { metadata: { annotations: {} }, status: { allocatable: written, capacity: written } };
  return {
    stored,
    seen: [stored],
    truth,
    capacity: { ...truth },
    webhook: true,
    target: undefined,
    requested: { cpu: 0n, memory: 0n },
    most: { ...truth },
  };
}

function store(world: World, sent: Stored, byKubelet: boolean): void {
  let result = sent;
  // The API server calls the webhook for nodes that have a record alone.
  if (world.webhook && world.stored.metadata.annotations[RECORD_ANNOTATION] !== undefined) {
    const { allocatable, record } = correctWrite(world.stored, sent, byKubelet);
    result = withRecord({ ...sent, status: { ...sent.status, allocatable: { ...sent.status.allocatable, ...allocatable } } }, record);
  }
  world.stored = result;
  world.seen.push(result);
}

function withRecord(node: Stored, record: string | null | undefined): Stored {
  if (record === undefined) return node;
  const { [RECORD_ANNOTATION]: _, ...others } = node.metadata.annotations;
  return { ...node, metadata: { annotations: record === null ? others : { ...others, [RECORD_ANNOTATION]: record } } };
}

/** The kubelet PATCHes what differs between its copy of the node, which may be old, and the truth. */
function kubelet(world: World, age: number): void {
  const view = world.seen[Math.max(0, world.seen.length - 1 - age)]!;
  const differing = (field: "allocatable" | "capacity", truth: Record<ResourceName, number>) =>
    Object.fromEntries(
      RESOURCES.filter((name) => units(name, view.status[field][name]) !== BigInt(truth[name])).map((name) => [
        name,
        text(name, truth[name]),
      ]),
    );
  const { status, metadata } = world.stored;
  store(
    world,
    {
      metadata,
      status: {
        allocatable: { ...status.allocatable, ...differing("allocatable", world.truth) },
        capacity: { ...status.capacity, ...differing("capacity", world.capacity) },
      },
    },
    true,
  );
}

/** Our controller writes on the version that it decided about, so it never works on an old one. */
function controller(world: World): boolean {
  const before = world.stored;
  const { write } = decideNode(before, world.target, { requested: world.requested });
  if (!write) return false;
  store(
    world,
    withRecord(
      { ...before, status: { ...before.status, allocatable: { ...before.status.allocatable, ...write.allocatable } } },
      write.record,
    ),
    false,
  );
  return true;
}

type Step = (world: World) => void;
const resource = fc.constantFrom(...RESOURCES);
const ratio = fc.integer({ min: NO_OVERCOMMIT, max: HIGHEST });
const part = fc.double({ min: 0, max: 1, noNaN: true });

/** The controller decides on one version of the node; from a record that is true it makes exactly one amplification, and hurts nobody. */
function decides(world: World): void {
  const before = world.stored;
  controller(world);
  if (offersAsRecorded(before)) {
    for (const name of RESOURCES) {
      if (!isTrue(world, recorded(before), name)) continue;
      const { ratio: now = NO_OVERCOMMIT } = recorded(world.stored)?.[name] ?? {};
      const exact = multiplied(world.truth[name], now);
      const is = units(name, world.stored.status.allocatable[name]);
      expect(is === exact || is === exact + 1n, `${name}: ${is} is not ${exact}`).toBe(true);
    }
  }
  expectNobodyHurt(before, world);
}
/** A kubelet that sees its node as it is, and a webhook that answers: one write is enough, or moves what it is silent about by one unit. */
function reports(world: World): void {
  const before = world.stored;
  const ratios = recorded(before);
  kubelet(world, 0);
  if (!world.webhook || !ratios) return;
  for (const name of RESOURCES) {
    const is = units(name, world.stored.status.allocatable[name]);
    const exact = multiplied(world.truth[name], ratios[name]?.ratio ?? NO_OVERCOMMIT);
    const silent = units(name, before.status.allocatable[name]) === BigInt(world.truth[name]);
    const change = is - units(name, before.status.allocatable[name]);
    expect(is === exact || (silent && (change === 1n || change === -1n)), `${name}: ${is} is not ${exact}`).toBe(true);
  }
}
const recorded = (node: Stored) => readRecord(node.metadata.annotations);
const multiplied = (amount: number, by: number): bigint => (BigInt(amount) * BigInt(by)) / 1000n;
function offersAsRecorded(node: Stored): boolean {
  const record = recorded(node);
  return RESOURCES.every((name) => {
    const { set } = record?.[name] ?? {};
    return set === undefined || units(name, set) === units(name, node.status.allocatable[name]);
  });
}
function isTrue(world: World, record: OvercommitRecord | undefined, name: ResourceName): boolean {
  const known = record?.[name];
  return known !== undefined && units(name, known.true) === BigInt(world.truth[name]);
}
/** Another writer: a controller that updates a condition, a person with --subresource=status, a PUT that forgets annotations. */
function another(name: ResourceName, share: number | undefined, forgets: boolean): Step {
  return (world) => {
    const { metadata, status } = world.stored;
    const value = share === undefined ? status.allocatable[name]! : text(name, Math.floor(world.most[name] * share));
    const allocatable = { ...status.allocatable, [name]: value };
    const before = world.stored;
    store(world, { metadata: forgets ? { annotations: {} } : metadata, status: { ...status, allocatable } }, false);
    // While the webhook answers, nobody else changes what a node offers, unless it is back to what the record says.
    if (!world.webhook || recorded(before) === undefined || !offersAsRecorded(before)) return;
    expect(world.stored).toEqual(before);
  };
}
/** Somebody takes the annotation away through the main resource, which is not sent to the webhook. */
function forgetsRecord(world: World): void {
  world.stored = { ...world.stored, metadata: { annotations: {} } };
  world.seen.push(world.stored);
}
/** The node grows or shrinks, or the kubelet keeps another part for itself. Sometimes the truth becomes exactly what is stored. */
function changes(name: ResourceName, capacity: number, reserved: number, coincides: boolean): Step {
  return (world) => {
    const truth = coincides ? Number(units(name, world.stored.status.allocatable[name])) : Math.ceil(capacity * (1 - reserved));
    world.truth = { ...world.truth, [name]: truth };
    world.capacity = { ...world.capacity, [name]: coincides ? truth : capacity };
    world.most = { ...world.most, [name]: Math.max(world.most[name], world.capacity[name]) };
  };
}
const setTo =
  (change: (world: World) => Partial<World>): Step =>
  (world) => {
    Object.assign(world, change(world));
  };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 0, max: 3 }).map(
      (age): Step =>
        (world) =>
          kubelet(world, age),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>(reports) },
  { weight: 6, arbitrary: fc.constant<Step>(decides) },
  { weight: 2, arbitrary: fc.boolean().map((webhook) => setTo(() => ({ webhook }))) },
  {
    weight: 3,
    arbitrary: fc
      .option(fc.record({ cpu: ratio, memory: ratio }), { nil: undefined })
      .map((ratios) => setTo(() => ({ target: ratios && { policy: "p", ratios } }))),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(resource, fc.option(part, { nil: undefined }), fc.boolean()).map((of) => another(...of)),
  },
  { weight: 1, arbitrary: fc.constant<Step>(forgetsRecord) },
  { weight: 2, arbitrary: fc.tuple(resource, fc.integer({ min: 10, max: 40_000 }), part, fc.boolean()).map((of) => changes(...of)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(resource, fc.bigInt({ min: 0n, max: 60_000n }))
      .map(([name, amount]) => setTo(({ requested }) => ({ requested: { ...requested, [name]: amount } }))),
  },
);

test("allocatable is amplified once and only once, whatever interleaves", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 40 }), (run) => {
      const world = start();
      for (const step of run) {
        step(world);
        for (const name of RESOURCES) {
          const stored = units(name, world.stored.status.allocatable[name]);
          const limit = (BigInt(world.most[name]) * BigInt(HIGHEST)) / 1000n + 1n;
          expect(stored <= limit, `${name}: ${stored} exceeds ${limit}`).toBe(true);
        }
      }
      settle(world);
      for (const name of RESOURCES) {
        const wanted = multiplied(world.truth[name], world.target?.ratios[name] ?? NO_OVERCOMMIT);
        expect(units(name, world.stored.status.allocatable[name])).toBe(wanted);
      }
      const { [RECORD_ANNOTATION]: record } = world.stored.metadata.annotations;
      expect(record === undefined).toBe(
        RESOURCES.every((name) => units(name, world.stored.status.allocatable[name]) === BigInt(world.truth[name])),
      );
    }),
    { numRuns: 10_000 },
  );
});

/** What the controller lowers stays enough for the pods that are there. */
function expectNobodyHurt(before: Stored, world: World): void {
  const known = recorded(before);
  for (const name of RESOURCES) {
    const set = known?.[name]?.set;
    if (set === undefined || units(name, set) !== units(name, before.status.allocatable[name])) continue;
    const [was, is] = [units(name, set), units(name, world.stored.status.allocatable[name])];
    const enough = world.requested[name] < was - 1n ? world.requested[name] : was - 1n;
    expect(is >= enough, `${name}: lowered from ${was} to ${is} while ${world.requested[name]} are requested`).toBe(true);
  }
}

/** Everything works, nothing new happens, and the pods have gone: a few heartbeats later all is as it should be. */
function settle(world: World): void {
  world.webhook = true;
  world.requested = { cpu: 0n, memory: 0n };
  for (let round = 0; round < 4; round++) {
    kubelet(world, 0);
    for (let again = 0; again < 3 && controller(world); again++);
  }
}
