/** ConfigMaps with this label, in the manager's namespace, hold templates. */
export const TEMPLATE_LABEL = "outrigger.dev/injection-template";
export const TEMPLATE_KEY = "sidecarconfig.yaml";
/** On the webhook configuration for pods: the namespaces into whose pods the manager injects nothing, with commas between. */
export const EXCLUDED_ANNOTATION = "outrigger.dev/excluded-namespaces";
