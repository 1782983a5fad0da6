import type { SeenPod } from "../seen-pod/index.ts";
import { UPGRADABLE_CONDITION } from "../seen-pod/index.ts";

/** A pod's condition `SidecarSetUpgradable` as it is written to its status. */
export interface UpgradableCondition {
  readonly type: typeof UPGRADABLE_CONDITION;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/**
 * The condition with what one set says of the pod; nothing where it says so already. It is True while every set can update
 * the pod in place. The message begins with kruise's JSON, set → whether it can, and goes on with what changed.
 *
 * @param changed what differs beside images; nothing where the set can update the pod
 * @param now RFC 3339, UTC, whole seconds
 */
export function upgradableCondition(pod: SeenPod, set: string, changed: string | undefined, now: string): UpgradableCondition | undefined {
  const before = pod.status?.conditions?.find(({ type }) => type === UPGRADABLE_CONDITION);
  const { sets, texts } = readMessage(before?.message ?? "");
  if (changed === undefined) delete texts[set];
  else texts[set] = changed;
  const said: Record<string, boolean> = Object.fromEntries(
    Object.entries({ ...sets, [set]: changed === undefined }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const status = Object.values(said).every(Boolean) ? "True" : "False";
  const tails = Object.keys(said).flatMap((name) => (texts[name] === undefined ? [] : [`${name}: ${texts[name]}`]));
  const message = [JSON.stringify(said), ...tails].join("; ");
  const reason = status === "True" ? "AllSidecarsetUpgradable" : "UpdateImmutableField";
  if (before?.status === status && before.message === message) return undefined;
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  return { type: UPGRADABLE_CONDITION, status, reason, message, lastTransitionTime };
}

function readMessage(message: string): { sets: Record<string, boolean>; texts: Record<string, string> } {
  const end = message.indexOf("}");
  const texts: Record<string, string> = {};
  for (const part of message.slice(end + 1).split("; ")) {
    const [, name, text] = /^([a-zA-Z0-9-]+): (.*)$/.exec(part) ?? [];
    if (name !== undefined && text !== undefined) texts[name] = text;
  }
  try {
    const sets = JSON.parse(message.slice(0, end + 1)) as Record<string, boolean>;
    return { sets: typeof sets === "object" && sets !== null ? sets : {}, texts };
  } catch {
    return { sets: {}, texts };
  }
}
