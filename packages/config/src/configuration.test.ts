import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@outrigger/kit/schema";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Configuration, type ConfigurationError, configuration, environment, file, memory, mounted } from "./index.ts";

const schema = t.Object(
  {
    version: t.Default(t.Integer(), 0),
    server: t.Object({ port: t.Default(t.Integer({ minimum: 1, maximum: 65_535 }), 8080), hostNames: t.Optional(t.Array(t.String())) }),
    limits: t.Optional(t.Record(t.String(), t.Number())),
    debug: t.Optional(t.Boolean()),
  },
  { rules: [{ rule: "!has(self.debug) || !self.debug || self.server.port > 1024", message: "debugging needs a port above 1024" }] },
);

let folder: string;
const closing: { close(): void }[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-config-"));
});
afterEach(async () => {
  for (const open of closing.splice(0)) open.close();
  await rm(folder, { recursive: true, force: true });
});

/** Replaces a mounted ConfigMap as the kubelet's atomic writer does: a new folder, and `..data` turned over to it. */
async function swap(number: number, files: Record<string, string>): Promise<void> {
  const now = `..2026_01_01_00_00_00.${number}`;
  await mkdir(join(folder, now));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, now, name), text);
  const before = await readlink(join(folder, "..data")).catch(() => undefined);
  await symlink(now, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  if (before === undefined) for (const name of Object.keys(files)) await symlink(join("..data", name), join(folder, name));
  else await rm(join(folder, before), { recursive: true });
}

async function wrong(attempt: Promise<unknown>): Promise<ConfigurationError> {
  return attempt.then(
    () => expect.unreachable(),
    (error: unknown) => error as ConfigurationError,
  );
}

describe("the value", () => {
  test("is what the sources say, later ones over earlier ones, with defaults", async () => {
    await writeFile(join(folder, "app.yaml"), "server:\n  hostNames: [a, b]\nlimits: { cpu: 1.5, memory: 2 }\n");
    const settings = await configuration({
      schema,
      sources: [
        memory({ limits: { cpu: 1, disk: 3 } }),
        file(join(folder, "app.yaml")),
        file(join(folder, "none.yaml"), { optional: true }),
        environment("BFE", { BFE_SERVER_PORT: "9000", BFE_SERVER_HOST_NAMES: '["c"]', BFE_DEBUG: "TRUE", BFE_VERSION: "", OTHER: "x" }),
      ],
    });
    closing.push(settings);
    expect(settings.value).toEqual({
      version: 0,
      server: { port: 9000, hostNames: ["c"] },
      limits: { cpu: 1.5, disk: 3, memory: 2 },
      debug: true,
    });
    expect(Object.isFrozen(settings.value.server)).toBe(true);
    expect(settings.value.server.port satisfies number).toBe(9000);
  });

  test("is typed", async () => {
    const settings: Configuration<{ readonly level: string }> = await configuration({
      schema: t.Object({ level: t.String() }),
      sources: [memory({ level: "info" })],
    });
    // @ts-expect-error: there is no such field.
    expect(settings.value.levle).toBeUndefined();
    settings.close();
  });
});

describe("what cannot be used is refused with its place", () => {
  const cases: readonly (readonly [name: string, file: string, text: string, message: string])[] = [
    ["a missing comma", "a.json", '{\n  "server": {}\n  "debug": true\n}', 'a.json:3:3: "\\"" stands where "," or "}" should'],
    ["a text that ends", "a.json", '{"server": {', "a.json:1:13: the text ends where a key in quotes should follow"],
    ["YAML in a JSON file", "a.json", "server: {}", 'a.json:1:1: "s" stands where a value should'],
    ["a comma too many", "a.json", '{"server": {},}', 'a.json:1:15: "}" stands where a key in quotes should'],
    ["a key that stands twice", "a.json", '{"server": {},\n "server": {"port": 1}}', "a.json:2:2: Map keys must be unique"],
    [
      "a wrong type",
      "a.json",
      '{"server": {\n "port": "80"}}',
      'a.json:2:10: server.port: Invalid value: "string": server.port in body must be of type integer',
    ],
    ["a value out of range", "a.yaml", "server:\n  port: 70000\n", "a.yaml:2:9: server.port: Invalid value: 70000"],
    ["a list's item", "a.yaml", "server:\n  hostNames:\n    - a\n    - 5\n", "a.yaml:4:7: server.hostNames[1]: Invalid value"],
    ["a field that is not there", "a.yaml", "debug: true\n", "a.yaml:1:1: server: Required value"],
    ["a field that nobody knows", "a.yaml", "server: {}\ndebgu: true\n", "a.yaml:2:8: debgu: there is no such field"],
    ["a key with dots", "a.yaml", "server: {}\nlimits:\n  a.b/c: x\n", "a.yaml:3:10: limits.a.b/c: Invalid value"],
    ["a rule", "a.yaml", "server: { port: 80 }\ndebug: true\n", "debugging needs a port above 1024"],
    ["a bad indentation", "a.yaml", "server:\n\tport: 1\n", "a.yaml:2:1: Tabs are not allowed as indentation"],
    ["no object", "a.yaml", "- a\n", "a.yaml:1:1: the content must be an object"],
    ["an alias that nothing defines", "a.yaml", "server: *x\n", "Unresolved alias"],
  ];
  test.each(cases)("%s", async (_, name, text, message) => {
    await writeFile(join(folder, name), text);
    const error = await wrong(configuration({ schema, sources: [memory({}), file(join(folder, name))] }));
    expect(error.message).toContain(message);
    expect(error.code).toBe("ERR_CONFIGURATION");
    expect(error.problems[0]?.source).toBe(join(folder, name));
  });

  test("a file that is not there, and variables, all at once", async () => {
    const variables = { BFE_SERVER_PORT: "tcp://10.0.0.1:80", BFE_DEBUG: "yes" };
    const error = await wrong(configuration({ schema, sources: [file(join(folder, "none.json")), environment("BFE", variables)] }));
    expect(error.message.split("\n")).toEqual([
      `${join(folder, "none.json")}: there is no such file`,
      'the variable BFE_SERVER_PORT: server.port: "tcp://10.0.0.1:80" is no whole number; a Service\'s link has this name: set enableServiceLinks: false on the pod',
      'the variable BFE_DEBUG: debug: "yes" is neither true nor false',
    ]);
  });

  test("a variable whose value does not fit is named, though a file has the field too", async () => {
    const sources = [memory({ server: { port: 1 } }), environment("BFE", { BFE_SERVER_PORT: "70000" })];
    expect((await wrong(configuration({ schema, sources }))).message).toContain(
      "the variable BFE_SERVER_PORT: server.port: Invalid value: 70000",
    );
  });

  test("a name without its variable", () => {
    expect(() => mounted("legacy-cm", { environment: {} })).toThrow("the variable CONFIG_PATH_LEGACY_CM: is not set");
  });
});

describe("a ConfigMap's mount", () => {
  test("1,000 swaps are seen, each; of those that are bad the last good one stays, with line and column", {
    timeout: 120_000,
  }, async () => {
    await swap(0, { "app.json": '{"server": {}}' });
    const problems: string[] = [];
    // No poll: only the watch tells of swaps.
    const settings = await configuration({
      schema,
      sources: [mounted("bfe", { environment: { CONFIG_PATH_BFE: join(folder, "app.json") }, debounceMs: 1, pollMs: 3_600_000 })],
      onProblem: ({ message }) => problems.push(message),
    });
    closing.push(settings);
    const seen: number[] = [];
    settings.onChange(({ version }, before) => {
      expect(before.version).toBe(seen.at(-1) ?? 0);
      seen.push(version);
    });
    for (let number = 1; number <= 1000; number++) {
      const bad = number % 10 === 0;
      await swap(number, { "app.json": bad ? `{"server": {},\n "version": "${number}"}` : `{"server": {}, "version": ${number}}` });
      const last = bad ? number - 1 : number;
      await vi.waitFor(() => expect(bad ? problems.length : seen.at(-1)).toBe(bad ? number / 10 : number), {
        timeout: 20_000,
        interval: 1,
      });
      expect(settings.value.version).toBe(last);
      if (bad)
        expect(settings.problem?.problems[0]).toMatchObject({ source: join(folder, "app.json"), line: 2, column: 13, field: "version" });
    }
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1).filter((number) => number % 10 !== 0));
    expect(problems).toHaveLength(100);
  });

  test("of swaps in quick succession the last one is seen, within the debounce and by the watch alone", async () => {
    await swap(0, { "app.json": '{"server": {}}' });
    const settings = await configuration({ schema, sources: [file(join(folder, "app.json"), { pollMs: 3_600_000 })] });
    closing.push(settings);
    let changes = 0;
    settings.onChange(() => changes++);
    for (let number = 1; number <= 200; number++) await swap(number, { "app.json": `{"server": {}, "version": ${number}}` });
    await vi.waitFor(() => expect(settings.value.version).toBe(200), { timeout: 20_000 });
    expect(changes).toBeLessThan(200);
  });

  test("a file that goes is reported once, and is followed again when it is back in a new folder", async () => {
    const inner = join(folder, "etc");
    await mkdir(inner);
    const path = join(inner, "app.json");
    await writeFile(path, '{"server": {}, "version": 1}');
    const problems: string[] = [];
    const settings = await configuration({
      schema,
      sources: [file(path, { debounceMs: 1, pollMs: 20 })],
      onProblem: ({ message }) => problems.push(message),
    });
    closing.push(settings);
    await rm(inner, { recursive: true });
    await vi.waitFor(() => expect(problems).toEqual([`${path}: there is no such file`]), { timeout: 20_000 });
    await settings.refresh();
    expect(problems).toHaveLength(1);
    expect(settings.value.version).toBe(1);
    await mkdir(inner);
    await writeFile(path, '{"server": {}, "version": 2}');
    await vi.waitFor(() => expect(settings.value.version).toBe(2), { timeout: 20_000 });
    expect(settings.problem).toBeUndefined();
  });
});

test("a callback that throws keeps no other from hearing, and a closed configuration stays as it is", async () => {
  const source = memory({ server: {} });
  const problems: string[] = [];
  const settings = await configuration({ schema, sources: [source], onProblem: ({ message }) => problems.push(message) });
  const heard: number[] = [];
  settings.onChange(() => {
    throw new Error("no");
  });
  const end = settings.onChange(({ version }) => heard.push(version));
  source.set({ server: {}, version: 1 });
  await settings.refresh();
  expect([heard, problems]).toEqual([[1], ["onChange: no"]]);
  // The same value again is no change.
  source.set({ version: 1, server: { port: 8080 } });
  await settings.refresh();
  end();
  source.set({ server: {}, version: 2 });
  await settings.refresh();
  expect([heard, settings.value.version]).toEqual([[1], 2]);
  settings.close();
  source.set({ server: {}, version: 3 });
  await settings.refresh();
  expect(settings.value.version).toBe(2);
});
