export { podCollectorLoop } from "./podgc.ts";
