import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { Store } from "../store/index.ts";
import { DataDir, DataDirError } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "data-dir-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, `parent-${++folders}`, "data");

describe("a folder that cannot be used is refused in one line", () => {
  const refusal = async (folder: string): Promise<string> => {
    const error = await DataDir.open(folder).then(
      () => undefined,
      (found: unknown) => found,
    );
    expect(error).toBeInstanceOf(DataDirError);
    const { message } = error as DataDirError;
    expect(message).not.toContain("\n");
    return message;
  };
  const closed = async (): Promise<string> => {
    const folder = newFolder();
    const dataDir = await DataDir.open(folder);
    const table = new Store(dataDir.journal, dataDir.state).table("", "configmaps");
    for (let index = 0; index < 200; index++)
      table.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `a-${index}`, namespace: "default" } }, undefined);
    dataDir.close();
    return folder;
  };
  const change = (folder: string, sql: string): void => {
    const database = new DatabaseSync(join(folder, "store.db"));
    database.exec(sql);
    database.close();
  };

  it("while another holds it", async () => {
    const folder = newFolder();
    const dataDir = await DataDir.open(folder);
    expect(await refusal(folder)).toBe(
      `${folder} is in use by process ${process.pid}: stop that process, or choose another folder with --data-dir`,
    );
    dataDir.close();
    (await DataDir.open(folder)).close();
  });

  it("of a newer format, which stays as it is", async () => {
    const folder = await closed();
    change(folder, "PRAGMA user_version = 7");
    const before = readFileSync(join(folder, "store.db"));
    expect(await refusal(folder)).toContain(
      "is of format 7, which a newer outrigger wrote; this one reads format 1: use that newer outrigger",
    );
    expect(readFileSync(join(folder, "store.db"))).toEqual(before);
  });

  it("of another program", async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    change(folder, "CREATE TABLE theirs (a)");
    expect(await refusal(folder)).toContain("is a database of another program, and is left as it is");
  });

  it("with a file that is no database, is cut off, empty or missing", async () => {
    const advice = "put back a copy of its folder, or move the folder away to begin with an empty cluster";
    const file = async (): Promise<string> => join(await closed(), "store.db");
    const noise = await file();
    writeFileSync(noise, "noise".repeat(5000));
    expect(await refusal(join(noise, ".."))).toBe(`${noise} is damaged (file is not a database): ${advice}`);
    const short = await file();
    truncateSync(short, 4096 * 3);
    expect(await refusal(join(short, ".."))).toMatch(/is damaged \(.+\): put back/);
    const empty = await file();
    truncateSync(empty, 0);
    expect(await refusal(join(empty, ".."))).toBe(`${empty} is damaged (it is empty): ${advice}`);
    const folder = newFolder();
    const dataDir = await DataDir.open(folder);
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    dataDir.close();
    rmSync(join(copy, "store.db"));
    expect(await refusal(copy)).toContain("is damaged (it is missing beside ");
  });

  it("with pages that contradict one another, and with an object that is none", async () => {
    const folder = await closed();
    const file = join(folder, "store.db");
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 4, 4096 * 6);
    writeFileSync(file, bytes);
    expect(await refusal(folder)).toMatch(/is damaged \((?!\*).+\): put back/);
    const other = await closed();
    change(other, "UPDATE objects SET object = '{' WHERE key = 'default/a-7'");
    expect(await refusal(other)).toMatch(/is damaged \(\/configmaps default\/a-7 is no object: .+\): put back/);
  });

  it("where nothing can be made", async () => {
    const file = join(root, "a-file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")])
      expect(await refusal(folder)).toBe(`cannot write ${folder} (a part of its path is a file): choose another folder with --data-dir`);
    if (process.platform === "linux") expect(await refusal("/proc/outrigger/data")).toContain("cannot write /proc/outrigger/data (");
    expect(existsSync("/proc/outrigger")).toBe(false);
  });
  // Root may write there.
  it.skipIf(process.getuid?.() === 0)("where nothing can be written", async () => {
    const folder = await closed();
    chmodSync(folder, 0o500);
    expect(await refusal(folder)).toBe(`cannot write ${folder} (no permission): choose another folder with --data-dir`);
    chmodSync(folder, 0o700);
  });
});
