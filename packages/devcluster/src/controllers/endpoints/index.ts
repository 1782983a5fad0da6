export { endpointSliceLoop, endpointsLoop } from "./endpoints.ts";
