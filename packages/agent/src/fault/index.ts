/** A network fault as a person writes it, and its validation; pure, so that whoever sends one to an agent checks it the same way. */
export type { FaultSpec } from "./spec.ts";
