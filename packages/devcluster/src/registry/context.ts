import type { Store } from "../store/index.ts";
import type { Admission, Annotate, ClusterReader, ServedResource, UserInfo } from "./contracts.ts";

/** What every operation of the registry works with. */
export interface RegistryParts {
  readonly store: Store;
  readonly reader: ClusterReader;
  readonly admission: Admission;
}

/** Where an operation happens. `namespace` is "" for cluster-scoped resources and for all namespaces. */
export interface Target {
  readonly resource: ServedResource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Who asks and how. */
export interface Caller {
  readonly user: UserInfo;
  /** Of the request, for the name of the field manager. */
  readonly userAgent: string;
  /** Adds a `Warning: 299` header to the answer. */
  warn(text: string): void;
  /** Absent where no audit event is written. */
  readonly annotate?: Annotate | undefined;
  /** Throws the refusal when this user may not also do `verb` here (an update that creates). */
  allowed(verb: string): void;
  readonly signal: AbortSignal;
}

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** Options of create, update and patch. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
  /** As admission gets them: `CreateOptions`, `UpdateOptions`, `PatchOptions`. */
  readonly sent: Record<string, unknown>;
}
