/**
 * Taking a cluster's SidecarSets over from OpenKruise.
 *
 * Guarantees
 * - A plan only reads. It says who owns what now, what stands in the way, and what would be written.
 * - Nothing is written while a webhook of kruise still answers for pods or sets: pods would be injected twice.
 * - A step that was done already is no step of the next plan, so that an adoption that broke off is made again.
 *
 * Caveats
 * - kruise's other kinds are not touched, and nothing of kruise is deleted.
 */
export { type Adoption, type AdoptionStep, planAdoption } from "./plan.ts";
