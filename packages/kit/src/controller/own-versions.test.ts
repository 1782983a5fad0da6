import { expect, test } from "vitest";
import { ConflictError, StatusError } from "../client/index.ts";
import { OwnVersions, writeUpon } from "./own-versions.ts";

const conflict = (): StatusError =>
  StatusError.from({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "Conflict", code: 409 });
const answer = (resourceVersion: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", resourceVersion } });

test("only an answer of another version than the write named is surely its own", () => {
  const versions = new OwnVersions();
  versions.answered(answer("7"), "7");
  versions.answered(answer("8"), "7");
  versions.answered(answer("9"), undefined);
  expect([[...versions.sure], [...versions.perhaps]]).toEqual([["8"], ["9"]]);
});

test("a write is made upon what is known, then upon what is there, and at last upon anything", async () => {
  const named: (string | undefined)[] = [];
  let live = 7;
  const write = (refusals: number) => (version: string | undefined) => {
    named.push(version);
    return named.length > refusals || version === undefined ? Promise.resolve("done") : Promise.reject(conflict());
  };
  const read = () => Promise.resolve(`${++live}`);
  expect(await writeUpon("7", write(1), read)).toEqual({ object: "done", upon: "8" });
  expect(named.splice(0)).toEqual(["7", "8"]);
  expect(await writeUpon("8", write(100), read)).toEqual({ object: "done", upon: undefined });
  expect([named.length, named.at(-1)]).toEqual([11, undefined]);
});

test("a write that is refused for something else than its version is not made again", async () => {
  let tries = 0;
  const write = () => {
    tries++;
    return Promise.reject(conflict());
  };
  await expect(writeUpon("7", write, () => Promise.resolve("7"))).rejects.toBeInstanceOf(ConflictError);
  await expect(writeUpon(undefined, write, () => Promise.resolve("7"))).rejects.toBeInstanceOf(ConflictError);
  expect(tries).toBe(2);
});
