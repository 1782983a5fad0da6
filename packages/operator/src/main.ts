// The entry point of the manager's image: `node main.js [PROGRAM] [FLAG…]`; see programs/index.ts.
import { runProgram } from "./programs/index.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

process.exitCode = await runProgram(process.argv.slice(2), process.env, stopping.signal);
