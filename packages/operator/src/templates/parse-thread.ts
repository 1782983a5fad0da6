import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { parseTemplate } from "./parse.ts";
import type { InjectionTemplate } from "./template.ts";

/** Shorter texts are read in a few milliseconds, more quickly than a thread starts. */
const SHORT = 8 * 1024;
const LIMIT_MS = 10_000;

/**
 * Reads a template without keeping the event loop: a long text in a thread of its own, for ten seconds at the most. A
 * short one at once.
 *
 * @throws TemplateError for a short text; of a long one, the promise rejects with an Error of the same message.
 */
export function readTemplate(name: string, text: string): InjectionTemplate | Promise<InjectionTemplate> {
  return text.length <= SHORT ? parseTemplate(name, text) : readInThread(name, text);
}

async function readInThread(name: string, text: string): Promise<InjectionTemplate> {
  const worker = new Worker(new URL(`./parse-worker${extname(import.meta.url)}`, import.meta.url), {
    name: "template",
    workerData: { name, text },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  worker.unref();
  const timer = setTimeout(() => void worker.terminate(), LIMIT_MS).unref();
  try {
    const [answer] = (await Promise.race([
      once(worker, "message"),
      once(worker, "exit").then(() => {
        throw new Error(`${name} takes more than ${LIMIT_MS / 1000} s to read`);
      }),
    ])) as [{ readonly template?: InjectionTemplate; readonly message?: string }];
    if (answer.template === undefined) throw new Error(answer.message);
    return answer.template;
  } finally {
    clearTimeout(timer);
    void worker.terminate();
  }
}
