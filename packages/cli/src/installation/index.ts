/** Installing the manager in a cluster, upgrading it, and taking it away again: what Helm does with the charts, without Helm. */
export { type DeployOptions, deploy, install } from "./deploy.ts";
export { type UndeployOptions, undeploy } from "./undeploy.ts";
