export { disruptionLoop } from "./disruption.ts";
