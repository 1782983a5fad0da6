import { describe, expect, test } from "vitest";
import { parseTemplate, readTemplate, TemplateError, type TemplateProblem } from "./index.ts";
import wrong from "./parse.data.json" with { type: "json" };

const seed = `containers:
  - name: network-delay-sidecar
    image: 127.0.0.1:5080/network-delay-exec:v1
    imagePullPolicy: Always
    ports:
      - name: sidecar-server
        containerPort: 2332
    securityContext:
      capabilities:
        add:
          - NET_ADMIN
`;

describe("a template", () => {
  test("of the seed works unchanged", () => {
    const template = parseTemplate("sidecar-injector-webhook-configmap", seed);
    expect(template.name).toBe("sidecar-injector-webhook-configmap");
    expect(template.containers).toHaveLength(1);
    expect(template.containers?.[0]).toMatchObject({
      name: "network-delay-sidecar",
      ports: [{ containerPort: 2332 }],
      securityContext: { capabilities: { add: ["NET_ADMIN"] } },
    });
  });

  test("may be empty, and its parts may be", () => {
    expect(parseTemplate("t", "")).toEqual({ name: "t" });
    expect(parseTemplate("t", "# nothing\ncontainers:\nlabels: {a: b}\n")).toEqual({ name: "t", labels: { a: "b" } });
  });

  const problems = (text: string): readonly TemplateProblem[] => {
    try {
      parseTemplate("t", text);
    } catch (error) {
      if (error instanceof TemplateError) return error.problems;
      throw error;
    }
    return [];
  };

  test("with a misspelt key is refused at its line and column, with the key that was meant", () => {
    const [problem, ...others] = problems("labels:\n  a: b\n  c: d\ncontainer:\n  - name: x\n");
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 4, column: 1 });
    expect(problem?.message).toContain("did you mean containers?");
  });

  test("tells every problem at once", () => {
    const found = problems("initContainer: []\ncontainers: 3\nenv:\n  - value: x\nlabels:\n  a: 1\n");
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [1, 1],
      [2, 13],
      [4, 5],
      [6, 6],
    ]);
  });

  test("with two containers of one name is refused", () => {
    expect(problems("containers:\n  - name: a\n  - name: a\n")).toMatchObject([{ line: 3, column: 5 }]);
  });

  test("that is no YAML is refused at the place of the mistake", () => {
    expect(problems("containers:\n  - name: a\n bad\n  - b: [\n")[0]?.line).toBeGreaterThan(1);
    expect(problems("labels:\n  a: b\n  a: c\n")[0]).toMatchObject({ line: 3 });
  });

  test("with a field that a container does not have is refused where the field stands", () => {
    expect(() => parseTemplate("t", seed.replace("containerPort", "containerprt"))).toThrow(
      /^t:7:9: unknown field "containers\[0\]\.ports\[0\]\.containerprt"$/,
    );
  });

  test.each(wrong)("with $name is refused at $line:$column", ({ text, line, column, says }) => {
    const found = problems(text);
    expect(found[0], JSON.stringify(found)).toMatchObject({ line, column });
    expect(found[0]?.message).toContain(says);
  });

  test("may write amounts and ports as Kubernetes takes them", () => {
    const text = `containers:
  - name: a
    image: a
    resources: {limits: {cpu: 1, memory: 64Mi}}
    livenessProbe: {httpGet: {port: 80}}
    readinessProbe: {httpGet: {port: http}}
    ports: [{name: http, containerPort: 80}]
`;
    expect(problems(text)).toEqual([]);
  });

  test("of many keys is read in time that grows with its length", () => {
    const text = (keys: number): string => `labels:\n${Array.from({ length: keys }, (_, index) => `  k${index}: v\n`).join("")}`;
    const started = performance.now();
    expect(problems(text(20_000))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(problems(text(40_000))).toMatchObject([{ line: 1, column: 1, message: expect.stringContaining("too many") }]);
  });

  test("does not grow without bounds through aliases", () => {
    const bomb = `labels: &a {x: y}\nannotations: *a\ncontainers:\n${"  - &c {name: a}\n"}${Array.from({ length: 500 }, () => "  - *c\n").join("")}`;
    expect(() => parseTemplate("t", bomb)).toThrow();
  });
});

describe("a template that is written to take long", () => {
  const lines = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join("");
  test.each([
    ["many annotations", `annotations:\n${lines(6000, (index) => `  example.com/k${index}: "v"\n`)}`],
    ["many entries", `env:\n${lines(6000, (index) => `- {name: k${index}, value: v}\n`)}`],
    ["many mistakes", `env:\n${lines(6000, (index) => `- {name: k${index}, nope: v}\n`)}`],
    ["one key many times", `annotations:\n${lines(6000, () => '  k: "v"\n')}`],
    ["deep nesting", `annotations: ${"{".repeat(6000)}`],
  ])("with %s is read or refused in a thread, while this one goes on", async (_what, text) => {
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    await (async () => readTemplate("t", text))().catch((error: Error) => error.message);
    clearInterval(beat);
    expect(longest).toBeLessThan(2_000);
  });
});
