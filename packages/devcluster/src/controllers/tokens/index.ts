export { tokenLoop } from "./tokens.ts";
