// A thread that reads one template and ends.
import { parentPort, workerData } from "node:worker_threads";
import { parseTemplate } from "./parse.ts";

const { name, text } = workerData as { readonly name: string; readonly text: string };
try {
  parentPort?.postMessage({ template: parseTemplate(name, text) });
} catch (error) {
  parentPort?.postMessage({ message: (error as Error).message });
}
