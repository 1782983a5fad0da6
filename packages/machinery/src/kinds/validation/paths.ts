import type { Findings } from "./findings.ts";

/** Paths must not climb out of where they lead. */
export function findBacksteps(found: Findings, target: string, path: string): void {
  if (target.split("/").includes("..")) found.invalid(path, target, "must not contain '..'");
}

/** A path below another: relative, without `..`. */
export function findInDescendingPath(found: Findings, target: string, path: string): void {
  if (target.startsWith("/")) found.invalid(path, target, "must be a relative path");
  findBacksteps(found, target, path);
}

/** A descending path of a projected file: names that start with `..` are the kubelet's. */
export function findInProjectedPath(found: Findings, target: string, path: string): void {
  findInDescendingPath(found, target, path);
  if (target.startsWith("..") && !target.startsWith("../")) found.invalid(path, target, "must not start with '..'");
}
