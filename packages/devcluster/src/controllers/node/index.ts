export { nodeLoop } from "./node.ts";
