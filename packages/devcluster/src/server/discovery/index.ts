/** What the server says about itself: groups, versions, resources, and schemas, made of the served resources alone. */
export { Discovery } from "./documents.ts";
