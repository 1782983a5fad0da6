/** Namespaces whose pods no rule touches, beside the manager's own. */
export const EXCLUDED_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease"];
/** ConfigMaps with this label, in the manager's namespace, hold templates. */
export const TEMPLATE_LABEL = "outrigger.dev/injection-template";
export const TEMPLATE_KEY = "sidecarconfig.yaml";
