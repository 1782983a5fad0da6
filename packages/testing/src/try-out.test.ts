import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tryOut } from "./try-out.ts";

let folder: string;
let told: string[];
let failed: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-try-"));
  vi.stubEnv("INIT_CWD", folder);
  [told, failed] = [[], []];
  vi.spyOn(console, "log").mockImplementation((line) => void told.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void failed.push(String(line)));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

test("a program gets a devcluster of its own, whose kubeconfig is where it was called and goes with it", async () => {
  const file = join(folder, ".outrigger/kubeconfig");
  await tryOut(async (cluster) => {
    expect(cluster.kind).toBe("devcluster");
    expect(existsSync(file)).toBe(true);
    expect(told.join("\n")).toContain(`export KUBECONFIG=${file}`);
    expect(await cluster.client.request({ method: "GET", path: "/readyz" })).toBe("ok");
  }, []);
  expect(failed).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test.for([
  [["--bogus"], /^Unknown option '--bogus': say nothing for a new devcluster, --kubeconfig FILE/],
  [["--kubeconfig", "nowhere"], /\/nowhere: no such file$/],
] as const)("%j fails in one line, with exit code 1", async ([args, message]) => {
  await tryOut(async () => expect.fail("it ran"), args);
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatch(message);
  expect(failed[0]).not.toContain("\n");
  expect(process.exitCode).toBe(1);
});

test("a fault in the program shows its place", async () => {
  await tryOut(async () => {
    throw new Error("oh");
  }, []);
  expect(failed[0]).toMatch(/^Error: oh\n\s+at .*try-out\.test\.ts/);
  expect(process.exitCode).toBe(1);
});
