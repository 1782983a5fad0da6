import { amplified, NO_OVERCOMMIT, quantity, RESOURCES, type ResourceName, units } from "./amounts.ts";
import { type Amplified, RECORD_ANNOTATION, readRecord, recordText } from "./record.ts";

/** The part of a Node that overcommit looks at. */
export interface OvercommitNode {
  readonly metadata: {
    readonly name?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, unknown>> | undefined;
    readonly capacity?: Readonly<Record<string, unknown>> | undefined;
  };
}

/** What becomes of a write: the allocatable and the annotation that differ from what was sent; nothing where it stands as sent. */
export interface Correction {
  readonly allocatable: Readonly<Record<string, string>>;
  /** `null` takes the annotation away; absent leaves it as it was sent. */
  readonly record?: string | null;
}

/**
 * What to store for a write to a node's status: a pure function of what is stored and what was sent.
 *
 * - The node's kubelet sends its true allocatable where that differs from what is stored, so a changed value is the true one and
 *   is amplified by the ratio in force. An unchanged value says nothing: a kubelet with an old copy of its node leaves it
 *   out of its PATCH, and so does one whose true value has become the amplified one. The stored value is then moved by one
 *   unit (1m of CPU, one byte), so that the kubelet's next write, in ten seconds, has to name the true value.
 * - Everybody else leaves allocatable and record as they are, and may write both together as they fit: our own
 *   controller does.
 * - Without a stored record the node takes no part.
 */
export function correctWrite(stored: OvercommitNode, sent: OvercommitNode, byKubelet: boolean): Correction {
  const record = readRecord(stored.metadata.annotations);
  if (!record) return { allocatable: {} };
  if (!byKubelet) return asStored(stored, sent);
  const allocatable: Record<string, string> = {};
  const next: Partial<Record<ResourceName, Amplified>> = {};
  for (const resource of RESOURCES) {
    const known = record[resource];
    const value = sent.status?.allocatable?.[resource];
    if (!known || value === undefined) continue;
    const before = stored.status?.allocatable?.[resource];
    const silent = before !== undefined && same(resource, before, value) && same(resource, value, known.set);
    const one = silent ? moved(resource, known) : amplify(resource, String(value), known.ratio);
    if (one) next[resource] = one;
    const set = one?.set ?? String(value);
    if (!same(resource, set, value)) allocatable[resource] = set;
  }
  return { allocatable, ...recordCorrection(sent, recordText({ policy: record.policy, ...next })) };
}

/** The record of a resource that is amplified from this true value; nothing where that changes nothing. */
export function amplify(resource: ResourceName, value: string, ratio: number): Amplified | undefined {
  const amount = units(resource, value);
  const set = amplified(amount, ratio);
  return ratio <= NO_OVERCOMMIT || set === amount ? undefined : { true: value, set: quantity(resource, set), ratio };
}

export function same(resource: ResourceName, a: unknown, b: unknown): boolean {
  return a === b || units(resource, a) === units(resource, b);
}

function moved(resource: ResourceName, known: Amplified): Amplified {
  const exact = amplified(units(resource, known.true), known.ratio);
  const set = units(resource, known.set) === exact ? exact + 1n : exact;
  return { ...known, set: quantity(resource, set) };
}

function asStored(stored: OvercommitNode, sent: OvercommitNode): Correction {
  if (isWhole(stored, sent)) return { allocatable: {} };
  const allocatable: Record<string, string> = {};
  for (const resource of RESOURCES) {
    const before = stored.status?.allocatable?.[resource];
    const value = sent.status?.allocatable?.[resource];
    if (before !== undefined && (value === undefined || !same(resource, before, value))) allocatable[resource] = String(before);
  }
  return { allocatable, ...recordCorrection(sent, stored.metadata.annotations?.[RECORD_ANNOTATION]) };
}

/** Whether allocatable and record fit each other: amplified as the record says, or the true value where the record gives a resource up. */
function isWhole(stored: OvercommitNode, sent: OvercommitNode): boolean {
  const [before, after] = [readRecord(stored.metadata.annotations), readRecord(sent.metadata.annotations)];
  // A record that cannot be read is none of ours.
  if (!after && sent.metadata.annotations?.[RECORD_ANNOTATION] !== undefined) return false;
  return RESOURCES.every((resource) => {
    const value = sent.status?.allocatable?.[resource];
    const wanted = after?.[resource]?.set ?? before?.[resource]?.true ?? stored.status?.allocatable?.[resource];
    return wanted === undefined ? value === undefined : value !== undefined && same(resource, wanted, value);
  });
}

function recordCorrection(sent: OvercommitNode, text: string | undefined): Pick<Correction, "record"> {
  if (text === sent.metadata.annotations?.[RECORD_ANNOTATION]) return {};
  return { record: text ?? null };
}
