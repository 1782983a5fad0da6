export { CelError, type CelOptions, type CelProgram, compileCel } from "./compile.ts";
export { CelTypeError, compileRule, type RuleOptions, validateRules } from "./rules.ts";
