import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second of /proc: the same on every Linux that Node runs on. */
const TICKS = 100;

/** Seconds of CPU that a process has used. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Memory of a process that is resident, MiB. */
export function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** Memory of a process, what it shares with others in equal parts, MiB. */
export function sharedMib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024;
}

/** The process of this program's children whose file is called so. */
export function childNamed(name: string): number {
  for (const pid of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const [file = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (Number(parent) === process.pid && file.endsWith(`/${name}`)) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`no process ${name} was started by this one`);
}
