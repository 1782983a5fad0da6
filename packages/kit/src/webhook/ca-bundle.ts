import type { Client } from "../client/index.ts";

export interface CaBundleKeeperOptions {
  /** Selects the configurations and CRDs that are ours. */
  readonly labelSelector: string;
  /** PEM. */
  readonly bundle: string;
  /** Told of each object that was repaired, and of each failure. */
  readonly onRepair?: (kind: string, name: string) => void;
  readonly onError?: (error: unknown) => void;
}

export interface CaBundleKeeper {
  /** Puts another bundle in force; resolves when every object carries it. */
  setBundle(bundle: string): Promise<void>;
  stop(): Promise<void>;
}

export function caBundleKeeper(_client: Client, _options: CaBundleKeeperOptions): CaBundleKeeper {
  throw new Error("not yet");
}
