// The controllers' part of the manager under test, in this loop or in a thread's.
import { controller } from "@outrigger/kit/controller";
import { Pod } from "@outrigger/kit/kinds";
import type { ThreadManagerOptions } from "@outrigger/kit/manager";

export default function pods(): ThreadManagerOptions {
  return { controllers: [controller(Pod, { predicate: () => false }).reconcile(async () => {})] };
}
