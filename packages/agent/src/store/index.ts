/** What must outlive the agent: which faults are wanted, and how to end them. */
export { StateError, StateFolder, type StoredFault, type Undo } from "./state-file.ts";
