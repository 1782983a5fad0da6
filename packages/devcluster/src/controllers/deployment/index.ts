export { deploymentLoop } from "./deployment.ts";
