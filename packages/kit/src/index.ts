/** What most operators need, in one import; each folder has the rest (`@outrigger/kit/client`, `@outrigger/kit/cache`, …). */
export type { Desired, KubeObject, ObjectKey, Observed, Resource, StatusOf } from "./api/index.ts";
export { informers } from "./cache/index.ts";
export {
  type Client,
  ConflictError,
  ConnectionError,
  connect,
  InvalidError,
  loadKubeconfig,
  NotFoundError,
  StatusError,
} from "./client/index.ts";
export { type Context, type Controller, controller, generationChanged, requeue, setCondition, TerminalError } from "./controller/index.ts";
export { type Manager, manager } from "./manager/index.ts";
