// biome-ignore-all lint/suspicious/noExplicitAny: reviews of any shape

import { applyJsonPatch } from "@outrigger/machinery/patch";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { answerReview, change, mutate, type ReviewContext } from "./index.ts";

// Thousands of runs, which a busy machine takes long for.
vi.setConfig({ testTimeout: 120_000 });

const context: ReviewContext = { timeoutMs: undefined, signal: new AbortController().signal };
const labeller = mutate<any>("/m", ({ object }) => {
  const copy = structuredClone(object);
  copy.metadata.labels = { ...copy.metadata.labels, injected: "true" };
  copy.spec.containers.push({ name: "sidecar" });
  return change(copy);
});
const good = JSON.stringify({
  kind: "AdmissionReview",
  apiVersion: "admission.k8s.io/v1",
  request: {
    uid: "4a3f",
    operation: "CREATE",
    namespace: "n",
    userInfo: { username: "u" },
    object: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", labels: { a: "b" } }, spec: { containers: [{ name: "c" }] } },
    oldObject: null,
  },
});

/** A valid AdmissionReview answer, or a 4xx with a JSON Status: the two things that may come out. */
async function expectAnswer(body: string | Uint8Array): Promise<void> {
  const answer = await answerReview(labeller, body, context);
  const parsed = JSON.parse(answer.body);
  if (answer.status === 200) {
    expect(parsed.kind).toBe("AdmissionReview");
    expect(typeof parsed.response.uid).toBe("string");
    expect(typeof parsed.response.allowed).toBe("boolean");
  } else {
    expect(answer.status).toBe(400);
    expect(parsed).toMatchObject({ kind: "Status", status: "Failure", code: 400 });
  }
}

describe("bad input", () => {
  it("never gets anything but a review or a 400: bytes changed at random", async () => {
    const bytes = Buffer.from(good);
    const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(bytes.length), async (changes, cut) => {
        const mutated = Buffer.from(bytes);
        for (const [at, value] of changes) mutated[at] = value;
        await expectAnswer(mutated);
        await expectAnswer(mutated.subarray(0, cut));
      }),
      { numRuns: 4000 },
    );
  });

  it("never gets anything but a review or a 400: values of any type in any place", async () => {
    const paths = [
      "kind",
      "apiVersion",
      "request",
      "request.uid",
      "request.operation",
      "request.object",
      "request.object.metadata",
      "request.object.metadata.labels",
      "request.object.spec",
      "request.object.spec.containers",
      "request.oldObject",
      "request.userInfo",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue(), async (path, value) => {
        const review = JSON.parse(good);
        const keys = path.split(".");
        const last = keys.pop() ?? "";
        keys.reduce((object, key) => object[key], review)[last] = value;
        await expectAnswer(JSON.stringify(review));
      }),
      { numRuns: 4000 },
    );
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), expectAnswer), { numRuns: 2000 });
  });

  it("never gets anything but a review or a 400: nesting without end", async () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      for (const depth of [1_000, 50_000, 500_000]) {
        const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
        await expectAnswer(nested);
        await expectAnswer(good.replace('"c"', nested));
        await expectAnswer(good.replace('"c"', nested.replace(open, `${open}`)).replace('"labels"', '"__proto__"'));
      }
    }
  });

  it("does not parse a long body that is nested deeper than any API server reads", async () => {
    const [deep, wide] = ["[".repeat(2_000_000), `[${"[],".repeat(600_000)}"[\\"[[\\\\"]`];
    const before = process.memoryUsage().rss;
    for (const text of [deep, `${deep}${"]".repeat(2_000_000)}`]) {
      const answer = await answerReview(labeller, text, context);
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining("nested deeper than 10000 levels") });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    expect((await answerReview(labeller, good.replace('"c"', wide), context)).body).not.toContain("nested");
  });

  it("reaches no prototype", async () => {
    const poison = good
      .replace('"labels":{"a":"b"}', '"labels":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":"b"}')
      .replace('"spec":', '"\\u005f_proto__":{"polluted":1},"spec":');
    let seen: any;
    const merge = (into: any, from: any): any => {
      for (const key of Object.keys(from))
        into[key] = typeof from[key] === "object" && from[key] && into[key] ? merge(into[key], from[key]) : from[key];
      return into;
    };
    const merging = mutate<any>("/m", ({ object }) => {
      seen = object;
      merge({}, object);
      merge({}, object.metadata.labels);
      return undefined;
    });
    expect((await answerReview(merging, poison, context)).status).toBe(200);
    expect(({} as any).polluted).toBeUndefined();
    expect(Object.keys(seen.metadata.labels)).toEqual(["a"]);
    expect(Object.keys(seen)).not.toContain("__proto__");
  });

  it("takes keys that only look dangerous", async () => {
    const data = { constructor: "text", prototype: "x", toString: "y" };
    let seen: any;
    await answerReview(
      mutate<any>("/m", ({ object }) => {
        seen = object;
        return undefined;
      }),
      good.replace('"labels":{"a":"b"}', `"labels":${JSON.stringify(data)}`),
      context,
    );
    expect(seen.metadata.labels).toEqual(data);
  });
});

it("applying the patch to what was sent gives exactly the handler's object", async () => {
  const key = fc
    .oneof(fc.constantFrom("a", "b/c", "d~e", "", "name", "constructor"), fc.string({ maxLength: 3 }))
    .filter((text) => text !== "__proto__");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      fc.array(tie("value"), { maxLength: 4 }),
    ),
  }));
  const object = fc.dictionary(key, value, { maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(object, object, async (before, after) => {
      // What JSON cannot say is not what was sent.
      const [sent, wanted] = [JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(after))];
      const body = JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        request: { uid: "u", operation: "CREATE", object: sent },
      });
      const { response } = JSON.parse(
        (
          await answerReview(
            mutate("/m", () => change(wanted)),
            body,
            context,
          )
        ).body,
      );
      const operations = response.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, "base64").toString());
      expect(applyJsonPatch(sent, operations)).toEqual(wanted);
    }),
    { numRuns: 2000 },
  );
});
