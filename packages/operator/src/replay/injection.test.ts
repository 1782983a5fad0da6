import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXCEPTIONS, type InjectionCase, playInjection } from "./index.ts";

const folder = new URL("../../testdata/kruise/injection/", import.meta.url).pathname;
const cases = globSync(`${folder}*.json`)
  .sort()
  .map((file) => JSON.parse(readFileSync(file, "utf8")) as InjectionCase);

describe("kruise's recorded injections come out alike", () => {
  test.each(cases)("$name: $why", async (recorded) => {
    expect(await playInjection(recorded)).toEqual({ alike: true });
  });

  test("a result that differs is told", async () => {
    const [recorded] = cases.filter(({ name }) => name === "inject-after");
    const pod = structuredClone(recorded!.result.pod!);
    pod.spec.containers = pod.spec.containers.toReversed();
    expect((await playInjection({ ...recorded!, result: { pod } })).alike).toBe(false);
  });

  test("every exception is of a case that exists", () => {
    for (const { cases: patterns } of EXCEPTIONS) {
      for (const pattern of patterns)
        expect(
          cases.some(({ name }) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
          pattern,
        ).toBe(true);
    }
  });
});
