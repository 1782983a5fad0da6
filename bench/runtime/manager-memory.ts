import type { ServerAddress } from "../api/server.ts";
import { Contender } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { MemoryResult } from "./manager-memory-contender.ts";

const PODS = 20_000;
/** Half of the pods were injected by a SidecarSet: of those more is kept. */
const INJECTED_EVERY = 2;
const RATIO_GOAL = 0.35;

/** The heap that the manager's informers of pods take, beside one informer that keeps whole pods; a new process for each. */
export async function run(): Promise<Figure[]> {
  const server = Contender.start("api/server.ts");
  try {
    const address = await server.ask<ServerAddress>({ pods: PODS, injectedEvery: INJECTED_EVERY });
    const whole = await measure("whole", address);
    const manager = await measure("manager", address);
    const ratio = manager.kibPerPod / whole.kibPerPod;
    return [
      {
        what: `manager's heap for ${PODS.toLocaleString("en")} pods of ${(address.podBytes / 1024).toFixed(1)} KiB, half of them injected`,
        value: `${ratio.toFixed(2)} × one cache of whole pods (${manager.kibPerPod.toFixed(2)} against ${whole.kibPerPod.toFixed(2)} KiB a pod); informers of pods: ${manager.informers}`,
        goal: `≤ ${RATIO_GOAL} ×, one informer`,
        met: ratio <= RATIO_GOAL && manager.informers === 1,
      },
    ];
  } finally {
    await server.end();
  }
}

async function measure(way: string, address: ServerAddress): Promise<MemoryResult> {
  const contender = Contender.start("runtime/manager-memory-contender.ts", [way]);
  try {
    return await contender.ask<MemoryResult>({ address, pods: PODS });
  } finally {
    await contender.end();
  }
}
