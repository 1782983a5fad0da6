import { createRequire } from "node:module";
import type { Log } from "../controller/index.ts";

/** JSON lines on standard output by pino, which is loaded on the first line written. */
export function jsonLog(name: string, level = "info"): Log {
  let made: Log | undefined;
  const log = (): Log => {
    if (!made) {
      const { pino } = createRequire(import.meta.url)("pino") as typeof import("pino");
      made = pino({ name, level, timestamp: () => `,"time":"${new Date().toISOString()}"` }) as unknown as Log;
    }
    return made;
  };
  return {
    debug: (fields, message) => log().debug(fields, message),
    info: (fields, message) => log().info(fields, message),
    warn: (fields, message) => log().warn(fields, message),
    error: (fields, message) => log().error(fields, message),
    child: (fields) => log().child(fields),
  };
}
