/**
 * Template injection: one text, many pods; who gets it is said by namespaces and pods.
 *
 * - A text with a mistake is refused with line and column, and never half used.
 * - Injecting twice changes nothing; what was injected earlier is brought up to date.
 */
export { applyTemplate, type TemplateContext, templateContainers } from "./apply.ts";
export { DEFAULT_OPT_IN, type OptInAnswer, type OptInOptions, type OptInQuestion, optIn, WITH_ISTIO_OPT_IN, yesOrNo } from "./opt-in.ts";
export { type ContentCheck, parseTemplate, TemplateError, type TemplateKey, type TemplateProblem } from "./parse.ts";
export { readTemplate } from "./parse-thread.ts";
export {
  BY_NAME_ANNOTATION,
  ORDER_ANNOTATION,
  TEMPLATE_KEY,
  TEMPLATE_LABEL,
  type TemplateSettings,
  templateSettings,
} from "./settings.ts";
export type { InjectionTemplate } from "./template.ts";
export { resolveVariables, VARIABLE_NAMES } from "./variables.ts";
