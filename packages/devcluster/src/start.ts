import type { Devcluster, DevclusterOptions } from "./devcluster.ts";

/**
 * Starts a control plane and resolves when it answers.
 *
 * @throws PortInUseError when `options.port` is taken.
 */
export async function startDevcluster(options: DevclusterOptions = {}): Promise<Devcluster> {
  throw new Error(`not yet: ${Object.keys(options).join()}`);
}
