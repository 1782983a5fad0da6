export { CelError, type CelOptions, type CelProgram, compileCel } from "./compile.ts";
export { type RuleOptions, validateRules } from "./rules.ts";
