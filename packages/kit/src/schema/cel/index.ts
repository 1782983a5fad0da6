export { CelError, type CelOptions, type CelProgram, compileCel } from "./compile.ts";
export { MAX_REQUEST_BYTES, smallestJson } from "./declaration.ts";
export { type CompiledRule, compileRule, RuleError, type RuleOptions, validateRules } from "./rules.ts";
