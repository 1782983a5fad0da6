/** Files that are mounted from a ConfigMap or a Secret: read at the start, and again whenever the kubelet changes them. */
export { FollowedFiles } from "./followed-files.ts";
