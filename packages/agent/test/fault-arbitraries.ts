import fc from "fast-check";

type Spec = Record<string, unknown>;
const percent = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const chance = fc.record({ percent, correlation: maybe(percent) });
const time = fc.tuple(fc.integer({ min: 1, max: 900 }), fc.constantFrom("us", "ms", "")).map(([number, unit]) => `${number}${unit}`);

const address4 = fc.ipV4();
const address6 = fc.ipV6().filter((text) => !text.includes("."));
const cidr = fc.oneof(
  address4,
  address6,
  fc.tuple(address4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`),
);
const number = fc.integer({ min: 1, max: 65_535 });
const port = fc.oneof(
  number,
  number.map(String),
  fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
);
const delay = fc.oneof(
  fc.record({ time }),
  fc.record({ time, jitter: time, correlation: maybe(percent), distribution: maybe(fc.constantFrom("normal", "pareto", "paretonormal")) }),
);
const loss = fc.oneof(
  fc.record({ random: chance }),
  fc.record({ state: fc.record({ p13: percent, p31: percent }) }),
  fc.record({ gemodel: fc.record({ p: percent, r: percent, h: percent, k: percent }) }),
);
const targets = fc.oneof(
  fc.record({ cidrs: fc.array(cidr, { minLength: 1, maxLength: 4 }) }),
  fc.record({ ports: fc.array(port, { minLength: 1, maxLength: 3 }), protocol: maybe(fc.constantFrom("tcp", "udp")) }),
  fc.record({ cidrs: fc.array(cidr, { minLength: 1, maxLength: 2 }), protocol: fc.constantFrom("tcp", "udp", "icmp") }),
);

/** Faults that are right. */
export const rightFault: fc.Arbitrary<Spec> = fc
  .record({
    delay: maybe(delay),
    loss: maybe(loss),
    duplicate: maybe(chance),
    corrupt: maybe(chance),
    rate: maybe(fc.record({ bandwidth: fc.constantFrom("1mbit", "512kbit", "100kbps", "1.5gbit"), burst: maybe(fc.constant("32kb")) })),
    partition: maybe(fc.constant(true)),
    reorder: maybe(fc.record({ percent: fc.integer({ min: 1, max: 100 }), gap: maybe(fc.integer({ min: 1, max: 50 })) })),
    direction: maybe(fc.constantFrom("egress", "ingress", "both")),
    targets: maybe(targets),
    exclude: maybe(
      fc.record({
        cidrs: maybe(fc.array(cidr, { minLength: 1, maxLength: 2 })),
        ports: maybe(fc.array(port, { minLength: 1, maxLength: 2 })),
      }),
    ),
    ttl: maybe(fc.constantFrom("30s", "5m", "1h30m", "24h")),
  })
  .map((spec): Spec => {
    const { reorder, ...rest } = spec;
    const whole = rest.delay !== undefined && reorder !== undefined ? spec : rest;
    const given = JSON.parse(JSON.stringify(whole)) as Spec;
    const does = ["delay", "loss", "duplicate", "corrupt", "rate", "partition"].some((effect) => given[effect] !== undefined);
    return does ? given : { ...given, delay: { time: "10ms" } };
  });

/** Texts that somebody would send who looks for a shell, a file or another option behind the field. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "; rm -rf /",
    "$(touch /tmp/x)",
    "`id`",
    "20ms; id",
    "20ms\nqdisc del dev eth0 root",
    "20ms root",
    "-batch",
    "-force",
    "--help",
    "../../etc/passwd",
    "20ms\0",
    "1e3ms",
    "0x14ms",
    "-20ms",
    "+20ms",
    " 20ms",
    "20ms ",
    "２０ms",
    "20 ms",
    "275s",
    "4295s",
    "Infinity",
    "NaN",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "010.0.0.1/-1",
    "::/129",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "80-79",
    "0",
    "65536",
    "99999999999999999999",
    "eth0 } ; flush ruleset",
    "__proto__",
    "constructor",
    "normal.dist",
    "/usr/lib/tc/normal",
  ),
  fc.string({ minLength: 1, maxLength: 30 }).map((text) => `${text}!`),
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).map((text) => `\u0001${text}`),
);
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.constantFrom(null, false, -1, 101, 1e21, 70_000, 0.5, [], {}, [[]], [null], [{}], { percent: "1; id" }) },
);

/** Places in a fault, what must stand beside them, and the values of those above that are right there. */
const PLACES: readonly { readonly field: string; readonly make: (value: unknown) => Spec; readonly right?: (value: unknown) => boolean }[] =
  [
    { field: "delay", make: (value) => ({ delay: value }), right: isObject },
    { field: "delay.time", make: (value) => ({ delay: { time: value } }), right: isMilliseconds },
    { field: "delay.jitter", make: (value) => ({ delay: { time: "1ms", jitter: value } }), right: isMilliseconds },
    { field: "delay.distribution", make: (value) => ({ delay: { time: "1ms", jitter: "1ms", distribution: value } }) },
    { field: "delay.correlation", make: (value) => ({ delay: { time: "1ms", jitter: "1ms", correlation: value } }), right: isPercent },
    { field: "loss.random.percent", make: (value) => ({ loss: { random: { percent: value } } }), right: isPercent },
    { field: "loss.gemodel.p", make: (value) => ({ loss: { gemodel: { p: value } } }), right: isPercent },
    { field: "loss.state.p13", make: (value) => ({ loss: { state: { p13: value } } }), right: isPercent },
    { field: "duplicate.percent", make: (value) => ({ duplicate: { percent: value } }), right: isPercent },
    { field: "rate.bandwidth", make: (value) => ({ rate: { bandwidth: value } }) },
    { field: "rate.burst", make: (value) => ({ rate: { bandwidth: "1mbit", burst: value } }), right: (value) => value === "65536" },
    { field: "reorder.gap", make: (value) => ({ delay: { time: "1ms" }, reorder: { percent: 5, gap: value } }), right: isWhole },
    { field: "partition", make: (value) => ({ partition: value }) },
    { field: "direction", make: (value) => ({ partition: true, direction: value }), right: (value) => value === null },
    { field: "targets.cidrs[0]", make: (value) => ({ partition: true, targets: { cidrs: [value] } }) },
    { field: "targets.ports[1]", make: (value) => ({ partition: true, targets: { ports: [80, value] } }), right: (value) => value === 101 },
    { field: "targets.protocol", make: (value) => ({ partition: true, targets: { protocol: value } }) },
    { field: "exclude.cidrs[0]", make: (value) => ({ partition: true, exclude: { cidrs: [value] } }) },
    { field: "exclude.ports[0]", make: (value) => ({ partition: true, exclude: { ports: [value] } }), right: (value) => value === 101 },
    { field: "ttl", make: (value) => ({ partition: true, ttl: value }), right: (value) => value === "275s" || value === "4295s" },
  ];

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isMilliseconds(value: unknown): boolean {
  return /^\d{1,5}$/.test(String(value)) || value === 0.5;
}
function isPercent(value: unknown): boolean {
  return value === 0.5 || value === null;
}
function isWhole(value: unknown): boolean {
  return value === 101 || value === 70_000;
}

/** A fault with one thing wrong, and the field that must be named. */
export const wrongFault: fc.Arbitrary<{ readonly field: string; readonly spec: Spec }> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...PLACES), hostileValue)
    .filter(([{ right }, value]) => !right?.(value))
    .map(([{ field, make }, value]) => ({ field, spec: make(value) })),
  fc
    .tuple(hostileText, fc.jsonValue())
    .filter(([name]) => name !== "__proto__")
    .map(([name, value]) => ({ field: name, spec: { partition: true, [name]: value } })),
);
