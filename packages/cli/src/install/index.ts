/**
 * A project's operator on a cluster: `install`, `uninstall`, `run`, `deploy`, `undeploy`, as kubebuilder's make targets.
 *
 * Guarantees
 * - Objects go by server-side apply as field manager `outrigger`: again is no error, and no annotation limits their size.
 * - Custom resources are deleted, and their finalizers waited for, before what would run them goes; a finalizer of the
 *   operator that nobody runs any more is taken off in the end, and the line that says so names the object.
 * - What is gone already is no error.
 */

export { install, type UninstallOptions, uninstall } from "./definitions.ts";
export { type DeployOptions, deploy, type UndeployOptions, undeploy } from "./deploy.ts";
export { ClusterObjects } from "./objects.ts";
export { ended, type RunProjectOptions, runProject, startProgram } from "./run.ts";
