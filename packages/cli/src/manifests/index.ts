/**
 * `outrigger manifests`: the files with which a project's operator is installed, from its code and its values.
 *
 * Guarantees
 * - One tree of objects is written in every form (kustomize, Helm, all-in-one), so that they cannot differ.
 * - Rights follow from what controllers and webhooks declare.
 * - The owner's files stay: `charts/NAME/values.yaml` gets values that it lacks, every other byte stays; `Chart.yaml`,
 *   `config/default/kustomization.yaml` and samples are made when they are missing, and never touched again. All other files
 *   begin with a line that says they are generated; those that are not needed any more go.
 * - The same code and values give the same bytes; `--check` writes nothing and fails when a file would change.
 */
export { type ManifestsOptions, manifests, readSource } from "./command.ts";
export { deploymentOf, type Source } from "./names.ts";
export { operatorObjects, type PlainObject } from "./objects.ts";
