import type { KubeObject } from "../api/index.ts";
import type { Client } from "../client/index.ts";

export function registerByUrl(_client: Client, _configurations: readonly KubeObject[]): Promise<{ unregister(): Promise<void> }> {
  throw new Error("not yet");
}
