export { endpointSliceLoop, endpointsLoop } from "./endpoints.ts";
export { endpointSliceMirroringLoop } from "./mirroring.ts";
