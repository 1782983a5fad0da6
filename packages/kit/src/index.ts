/** What most operators need, in one import; each folder has the rest (`@outrigger/kit/client`, `@outrigger/kit/cache`, …). */
export { type Desired, defineResource, type KubeObject, type ObjectKey, type Observed, type Resource, type StatusOf, t } from "./api/index.ts";
export { type Client, connect, ConflictError, ConnectionError, InvalidError, loadKubeconfig, NotFoundError, StatusError } from "./client/index.ts";
export { type Context, type Controller, controller, generationChanged, requeue, setCondition, TerminalError } from "./controller/index.ts";
export * from "./kinds/builtin.ts";
export { informers } from "./cache/index.ts";
export { type Manager, manager } from "./manager/index.ts";
