/** ConfigMaps with this label, in the manager's namespace, hold templates. */
export const TEMPLATE_LABEL = "outrigger.dev/injection-template";
export const TEMPLATE_KEY = "sidecarconfig.yaml";
