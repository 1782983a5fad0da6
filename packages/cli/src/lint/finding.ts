import type { Manifest } from "./manifest.ts";

/** A trap that was found. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  /** What happens, and what to do. */
  readonly message: string;
}

/** Looks at one object; all of them are there for what depends on others. */
export interface Rule {
  readonly name: string;
  check(manifest: Manifest, all: readonly Manifest[]): Iterable<{ readonly path: readonly (string | number)[]; readonly message: string }>;
}
