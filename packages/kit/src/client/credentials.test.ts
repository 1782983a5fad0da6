import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identitySource } from "./credentials.ts";
import { ExecCredentials } from "./exec.ts";
import type { Identity } from "./identity.ts";
import { KubeconfigError } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-credentials-"));
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});
const later = (ms: number): unknown => vi.advanceTimersByTime(ms);

test("a token file is read again after a minute, and at once when the token was refused", () => {
  const file = join(folder, "token");
  const source = identitySource({ server: "https://a", namespace: "default", source: "test", credentials: { tokenFile: file } });
  const token = (): string | undefined => (source.current() as Identity).headers["authorization"];
  expect(token).toThrow(KubeconfigError);
  writeFileSync(file, "one\n");
  expect(token()).toBe("Bearer one");
  writeFileSync(file, "two");
  later(59_000);
  expect(token()).toBe("Bearer one");
  later(2_000);
  expect(token()).toBe("Bearer two");
  writeFileSync(file, "three");
  const two = source.current() as Identity;
  expect(source.refused(two)).toBe(false);
  later(1_500);
  expect(source.refused(two)).toBe(true);
  expect(token()).toBe("Bearer three");
  // One that was refused late: there is another by now.
  expect(source.refused(two)).toBe(true);
  rmSync(file);
  later(61_000);
  expect(token()).toBe("Bearer three");
});

test("a plugin is run again shortly before its credential ends, and after a refusal", async () => {
  const count = join(folder, "count");
  writeFileSync(count, "");
  const ends = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const printing = `echo >> ${count}; echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"t$(($(wc -l < ${count})))\\",\\"expirationTimestamp\\":\\"${ends(60_000)}\\"}}"`;
  const source = new ExecCredentials(
    {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", printing],
      env: {},
      interactiveMode: "Never",
      folder,
      source: "test",
      field: "users[u].user.exec",
    },
    {},
  );
  const token = async (): Promise<string | undefined> => (await source.current()).headers["authorization"];
  expect(await token()).toBe("Bearer t1");
  later(49_000);
  expect(await token()).toBe("Bearer t1");
  const first = await source.current();
  expect(source.refused(first)).toBe(true);
  expect(await token()).toBe("Bearer t2");
  expect(source.refused(first)).toBe(true);
  expect(await token()).toBe("Bearer t2");
  later(2_000);
  expect(await token()).toBe("Bearer t3");
});

test("a plugin that hangs is given up", async () => {
  const source = new ExecCredentials(
    {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sleep",
      args: ["60"],
      env: {},
      interactiveMode: "Never",
      folder,
      source: "file",
      field: "users[u].user.exec",
    },
    {},
    50,
  );
  await expect(source.current()).rejects.toThrow("file: users[u].user.exec.command: sleep gave no answer in 0.05 s");
});

test("a plugin that is not installed is named, with its own hint", async () => {
  const source = new ExecCredentials(
    {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "no-such-plugin",
      args: [],
      env: {},
      interactiveMode: "Never",
      installHint: "get it from the vendor",
      folder,
      source: "file",
      field: "users[u].user.exec",
    },
    {},
  );
  await expect(source.current()).rejects.toThrow(
    "file: users[u].user.exec.command: no-such-plugin is not installed (get it from the vendor)",
  );
});
