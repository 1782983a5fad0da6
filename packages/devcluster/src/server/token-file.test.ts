import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClusterFileError } from "./cluster-file.ts";
import { readTokenFile } from "./token-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-tokens-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string): ReturnType<typeof readTokenFile> {
  const path = join(folder, "tokens.csv");
  writeFileSync(path, text);
  return readTokenFile(path);
}

test("a line is a token, its user, the user's uid, and groups where there are some", async () => {
  expect(await read('t1,admin,u1,"system:masters,dev ops"\r\n\nt2,"al""ice",u2\n,nobody,u3\nt3,bob,,\nt2,carol,u4,one')).toEqual([
    { token: "t1", username: "admin", uid: "u1", groups: ["system:masters", "dev ops"] },
    { token: "t2", username: "carol", uid: "u4", groups: ["one"] },
    { token: "t3", username: "bob", uid: "", groups: [] },
  ]);
});

test("an empty file has no tokens", async () => {
  expect(await read("")).toEqual([]);
});

test("too few columns, misplaced quotes and a missing file are said with their place", async () => {
  await expect(read("t1,admin,u1\nt2,alice\n")).rejects.toThrow(/record 2 must have at least 3 columns .* found 2/);
  await expect(read('t1,admin,u1\nt2,"alice"x,u2\n')).rejects.toThrow(/a quote in line 2 is out of place/);
  await expect(readTokenFile(join(folder, "missing"))).rejects.toThrow(ClusterFileError);
});
