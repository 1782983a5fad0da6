/** ControllerRevisions: what StatefulSets and DaemonSets were before. After `pkg/controller/history`. */
export { presentRevision, revisionsOf, truncateHistory } from "./history.ts";
export { revisionData, revisionHash, templateOf } from "./revision-data.ts";
