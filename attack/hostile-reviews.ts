// Reviews as nobody's API server sends them, from a seed.
import type { Random } from "../soak/random.ts";

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

export function hostileReview(random: Random): Buffer {
  switch (random.below(8)) {
    case 0:
      return Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
    case 1:
      return BYTES.subarray(0, random.below(BYTES.length));
    case 2:
      return Buffer.from(TEXT.replace('"labels":', '"__proto__":').replace('"c"', nested(random)));
    case 3:
      return Buffer.concat([BYTES, Buffer.from(random.pick([" ", "x", "\0", TEXT]))]);
    case 4:
    case 5:
      return withValue(random.pick(PLACES), random.pick(VALUES)());
    default: {
      const bytes = Buffer.from(BYTES);
      for (let changes = random.below(6) + 1; changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    }
  }
}

/** Mostly shallow, for the deep ones are long. */
function nested(random: Random): string {
  const depth = random.below(50) === 0 ? DEEP : random.below(40);
  const [open, close] = random.below(2) === 0 ? ["[", "]"] : ['{"a":', "}"];
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
