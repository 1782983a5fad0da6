/** OpenAPI documents of the served resources, in both versions; loaded when a client first asks. */

export { openapiV2Protobuf } from "./protobuf.ts";
export { openapiV2 } from "./v2.ts";
export { openapiV3, openapiV3Index } from "./v3.ts";
