/** What must outlive the agent: which faults are wanted, and how to end them. */
export { FAULT_NAME, StateError, StateFolder, type StoredFault, type Traces, type Undo } from "./state-file.ts";
