/** ConfigMaps with this label, in the manager's namespace, hold templates. */
export const TEMPLATE_LABEL = "outrigger.dev/injection-template";
export const TEMPLATE_KEY = "sidecarconfig.yaml";
/** On a template's ConfigMap: a whole number. Templates act from the lowest to the highest, those of one number by name. Default 0. */
export const ORDER_ANNOTATION = "outrigger.dev/order";
/** On a template's ConfigMap: `true` keeps it from all pods but those that, or whose namespaces, name it. */
export const BY_NAME_ANNOTATION = "outrigger.dev/by-name";

export interface TemplateSettings {
  readonly order?: number;
  readonly byName?: boolean;
}

/** What the annotations of a template's ConfigMap say; what is wrong with them says nothing. */
export function templateSettings(annotations: Readonly<Record<string, string>>): {
  readonly read: TemplateSettings;
  readonly problems: readonly { readonly annotation: string; readonly message: string }[];
} {
  const problems: { annotation: string; message: string }[] = [];
  const { [ORDER_ANNOTATION]: order, [BY_NAME_ANNOTATION]: byName } = annotations;
  const isOrder = order !== undefined && /^-?\d{1,9}$/.test(order);
  if (order !== undefined && !isOrder)
    problems.push({ annotation: ORDER_ANNOTATION, message: `${JSON.stringify(order)}: a whole number, as "10"` });
  if (byName !== undefined && byName !== "true" && byName !== "false")
    problems.push({ annotation: BY_NAME_ANNOTATION, message: `${JSON.stringify(byName)}: "true" or "false"` });
  return {
    read: { ...(isOrder ? { order: Number(order) } : {}), ...(byName === "true" ? { byName: true } : {}) },
    problems,
  };
}
