import type { Log } from "../controller/index.ts";

type Level = "debug" | "info" | "warn" | "error";
/** A line of a thread's log on its way to the main thread, which writes it. */
export interface LogLine {
  readonly type: "log";
  readonly level: Level;
  readonly fields: object;
  readonly text: string | undefined;
}

/** A log whose lines go elsewhere. Errors become what a log line shows of them, since their classes do not cross threads. */
export function forwardingLog(tell: (line: LogLine) => void, always: object = {}): Log {
  const at =
    (level: Level) =>
    (fields: object, text?: string): void => {
      const { err, ...rest } = { ...always, ...fields } as { err?: unknown };
      const shown = err instanceof Error ? { type: err.name, message: err.message, stack: err.stack } : err;
      tell({ type: "log", level, fields: plain(err === undefined ? rest : { ...rest, err: shown }), text });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => forwardingLog(tell, { ...always, ...fields }),
  };
}

function plain(fields: object): object {
  try {
    return structuredClone(fields);
  } catch {
    return JSON.parse(JSON.stringify(fields)) as object;
  }
}
