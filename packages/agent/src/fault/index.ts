/**
 * A network fault as a person writes it, its validation, and which faults go together; pure, so that whoever sends one to
 * an agent checks it the same way.
 *
 * Guarantees
 * - What `parseFault` lets through holds numbers, addresses and words from closed lists only: no text of a request
 *   reaches a command.
 * - A refusal names each field and what is allowed there.
 */
export { type Cidr, EFFECTS, type Fault, type Likelihood, type LossModel, type PortRange, type Selection } from "./fault.ts";
export { overlaps, sameDirection, selectionKey } from "./overlap.ts";
export { DEFAULT_TTL_MS, MAX_DELAY_US, MAX_TTL_MS, type Problem, parseFault } from "./parse.ts";
export {
  type Chance,
  type Delay,
  DISTRIBUTIONS,
  type Direction,
  type Distribution,
  type FaultSpec,
  type Loss,
  PROTOCOLS,
  type Rate,
  type Targets,
} from "./spec.ts";
export { parseCidr, parseMicroseconds, parseTtl } from "./units.ts";
