/**
 * `outrigger lint`: what bites in practice, found in manifests before a cluster has them.
 *
 * Guarantees
 * - Reads files alone: YAML documents, and templates of Helm charts as far as they are YAML without their actions.
 * - A finding has a file, a line, a rule and what to do. `# outrigger-lint: allow RULE` in a document silences a rule there.
 *
 * Caveats
 * - What a template's action decides is not known here; such a value is never a finding.
 */
export { type LintOptions, lint } from "./command.ts";
