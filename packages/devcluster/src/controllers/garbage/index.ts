export { garbageLoop } from "./garbage.ts";
