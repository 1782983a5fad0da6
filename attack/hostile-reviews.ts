// Reviews as nobody's API server sends them, from a seed.
const GOOD = {
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "4a3f",
    operation: "CREATE",
    namespace: "default",
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    userInfo: { username: "u" },
    object: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", labels: { app: "must" }, annotations: { "outrigger.dev/injection": "[]" } },
      spec: { containers: [{ name: "c", image: "c" }] },
    },
    oldObject: null,
  },
};
const TEXT = JSON.stringify(GOOD);
const BYTES = Buffer.from(TEXT);
const DEEP = 10_000;
/** Where values of any type are put. */
const PLACES = [
  ["kind"],
  ["apiVersion"],
  ["request"],
  ["request", "uid"],
  ["request", "operation"],
  ["request", "namespace"],
  ["request", "resource"],
  ["request", "object"],
  ["request", "object", "metadata"],
  ["request", "object", "metadata", "labels"],
  ["request", "object", "metadata", "annotations"],
  ["request", "object", "spec"],
  ["request", "object", "spec", "containers"],
  ["request", "object", "spec", "containers", "0"],
  ["request", "oldObject"],
] as const;
const VALUES: readonly (() => string)[] = [
  () => "null",
  () => "-1e999",
  () => "0.1",
  () => '""',
  () => '"\\ud800"',
  () => "true",
  () => "[]",
  () => "{}",
  () => '[null, {"name": 7}]',
  () => '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
  () => '{"name": "a", "name": "b"}',
  () => `"${"x".repeat(5000)}"`,
];

/** The review of a pod that somebody makes. */
export function honestReview(): string {
  return TEXT;
}

/** A source of numbers below a bound, the same for the same seed. */
export function numbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function hostileReview(next: (below: number) => number): Buffer {
  switch (next(8)) {
    case 0:
      return Buffer.from(Array.from({ length: next(300) }, () => next(256)));
    case 1:
      return BYTES.subarray(0, next(BYTES.length));
    case 2:
      return Buffer.from(TEXT.replace('"labels":', '"__proto__":').replace('"c"', nested(next)));
    case 3:
      return Buffer.concat([BYTES, Buffer.from([[" ", "x", "\0", TEXT][next(4)]!].join(""))]);
    case 4:
    case 5:
      return withValue(PLACES[next(PLACES.length)]!, VALUES[next(VALUES.length)]!());
    default: {
      const bytes = Buffer.from(BYTES);
      for (let changes = next(6) + 1; changes > 0; changes--) bytes[next(bytes.length)] = next(256);
      return bytes;
    }
  }
}

/** Mostly shallow, for the deep ones are long. */
function nested(next: (below: number) => number): string {
  const depth = next(50) === 0 ? DEEP : next(40);
  const [open, close] = next(2) === 0 ? ["[", "]"] : ['{"a":', "}"];
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

function withValue(place: readonly string[], value: string): Buffer {
  const review = structuredClone(GOOD) as never;
  const parent = place.slice(0, -1).reduce<Record<string, never>>((object, key) => object[key]!, review);
  parent[place.at(-1)!] = "PLACE" as never;
  return Buffer.from(JSON.stringify(review).replace('"PLACE"', () => value));
}

/** What is wrong with an answer; nothing where it is a review's, or a Status with its own code. */
export function faultOf(body: Buffer, status: number, answer: string): string | undefined {
  const said = `${status} ${answer.slice(0, 200)} for ${body.toString("latin1").slice(0, 200)}`;
  let parsed: { kind?: string; code?: number; response?: { uid?: unknown; allowed?: unknown } };
  try {
    parsed = JSON.parse(answer);
  } catch {
    return said;
  }
  if (status !== 200) return status >= 400 && status < 500 && parsed.kind === "Status" && parsed.code === status ? undefined : said;
  const uid = uidOf(body);
  const { response } = parsed;
  const isAnswer = parsed.kind === "AdmissionReview" && typeof response?.allowed === "boolean" && typeof response.uid === "string";
  return isAnswer && (uid === undefined || response.uid === uid) ? undefined : said;
}

function uidOf(body: Buffer): string | undefined {
  try {
    const { uid } = (JSON.parse(body.toString("utf8")) as typeof GOOD).request;
    return typeof uid === "string" ? uid : undefined;
  } catch {
    return undefined;
  }
}
