// One of several managers that compete for a lease. Who leads writes to a ConfigMap again and again, and notes in a file
// when it did, on the clock that all processes of the machine share.
import { appendFileSync } from "node:fs";
import { ConfigMap } from "@outrigger/kit/kinds";
import { manager } from "@outrigger/kit/manager";

export interface CandidateSettings {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly identity: string;
  readonly acts: string;
  readonly times: { readonly leaseDurationMs: number; readonly renewDeadlineMs: number; readonly retryPeriodMs: number };
}
/** One write of a leader: milliseconds of the machine's monotonic clock, before it was asked for. */
export interface Act {
  readonly identity: string;
  readonly at: number;
}

const { kubeconfig, namespace, identity, acts, times } = JSON.parse(process.argv[2]!) as CandidateSettings;
const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const PAUSE_MS = 20;

const candidate = manager({
  kubeconfig: { text: kubeconfig },
  name: "candidate",
  leaderElection: { ...times, namespace, identity },
  services: [
    {
      name: "writer",
      async start({ client, signal }) {
        process.send?.("leading");
        const writing = write();
        async function write(): Promise<void> {
          while (!signal.aborted) {
            const at = nowMs();
            const patch = { data: { by: identity } };
            try {
              await client.patch(ConfigMap, { namespace, name: "acts" }, { type: "merge", patch }, { signal });
              appendFileSync(acts, `${JSON.stringify({ identity, at } satisfies Act)}\n`);
            } catch (error) {
              console.error(`${identity}: ${(error as Error).name}: ${(error as Error).message}`);
            }
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
          }
        }
        return { stop: () => writing };
      },
    },
  ],
});

process.on("message", (message: { readonly blockMs: number }) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.blockMs);
});
process.once("disconnect", () => process.exit(3));

try {
  await candidate.run({ stopOn: ["SIGTERM"] });
  process.exit(0);
} catch (error) {
  console.error(`${identity}: ${(error as Error).name}: ${(error as Error).message}`);
  process.exit(1);
}
