/**
 * An operator's project: the folder that `outrigger init` made.
 *
 * Guarantees
 * - A project is a folder with `outrigger.json`; commands work from any folder inside it.
 * - `outrigger.json` holds what the code cannot say (domain, image); kinds, controllers and webhooks are read from the code.
 * - Reading a project writes nothing.
 *
 * Caveats
 * - Reading the code runs `src/operator.ts` and what it imports: these files must only describe, not act.
 */
export { type Kind, type Operator, readOperator } from "./operator.ts";
export { findProject, type Project, requireProject, SETTINGS_FILE } from "./project.ts";
