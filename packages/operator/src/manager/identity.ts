import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type Client, ConflictError, dynamicResource } from "@outrigger/kit/client";

const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");

/**
 * Names this process among all that compete for a lease: `<host>_<process>_<random>`. The process stands there so that another
 * on the same machine can find out whether it still lives: boot, PID namespace, PID and the time at which it started, which
 * together never come again. Where the system does not tell these, that part is `-`.
 */
export function processIdentity(): string {
  const own = processName(process.pid);
  return `${hostname()}_${own ?? "-"}_${randomBytes(4).toString("hex")}`;
}

/**
 * Gives back the lease of a manager that was killed on this machine: its process has ended, so nobody need
 * wait until the lease expires. A lease whose holder may live, here or elsewhere, is left alone.
 */
export async function releaseLeaseOfTheDead(client: Client, key: { readonly namespace: string; readonly name: string }): Promise<void> {
  const lease = (await client.find(Lease, key)) as { spec?: { holderIdentity?: string } } | undefined;
  if (!lease || !isDead(lease.spec?.holderIdentity ?? "")) return;
  try {
    await client.update(Lease, { ...lease, spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 } } as never);
  } catch (error) {
    // Somebody else was quicker.
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** Whether the process of this identity is known to have ended; false where that cannot be known from here. */
export function isDead(identity: string): boolean {
  const [boot, namespace, pid, started] = identity.split("_")[1]?.split(".") ?? [];
  if (boot === undefined || namespace === undefined || pid === undefined || started === undefined) return false;
  const [ownBoot, ownNamespace] = processName(process.pid)?.split(".") ?? [];
  if (boot !== ownBoot || namespace !== ownNamespace || !/^\d+$/.test(pid)) return false;
  return processName(Number(pid)) !== `${boot}.${namespace}.${pid}.${started}`;
}

/** `<boot>.<PID namespace>.<PID>.<start, in clock ticks since the boot>`; `undefined` where there is no such process. */
function processName(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", "").slice(0, 12);
    const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
    // After the name in parentheses, which may contain anything: state is field 3, the start field 22.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    // A zombie does nothing any more.
    return fields[0] === "Z" ? undefined : `${boot}.${namespace}.${pid}.${fields[19]}`;
  } catch {
    return undefined;
  }
}
