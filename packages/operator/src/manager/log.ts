import type { Log } from "@outrigger/kit/controller";

/** The manager's own log goes to whoever runs it: warnings and errors as lines. */
export function quietLog(report: (line: string) => void): Log {
  const line = (fields: unknown, message?: string): void => {
    const text =
      typeof fields === "string" ? fields : [message, (fields as { err?: Error } | undefined)?.err?.message].filter(Boolean).join(": ");
    report(text);
  };
  const nothing = (): void => {};
  const log = { debug: nothing, info: nothing, warn: line, error: line, child: () => log } as unknown as Log;
  return log;
}
