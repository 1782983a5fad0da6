import { connect } from "@outrigger/kit/client";
import { startControllers } from "./index.ts";

const client = connect({ file: process.argv[2]! });
const t = performance.now();
const log: any = {
  child: () => log,
  debug() {},
  info() {},
  trace() {},
  warn: (...a: any[]) => console.log("WARN", ...a),
  error: (...a: any[]) => console.log("ERR", ...a),
};
const running = await startControllers(client, { rootCa: "x", log });
console.log("loops run after", Math.round(performance.now() - t), "ms; since process start", Math.round(performance.now()));
process.on("SIGINT", async () => {
  await running.stop();
  await client.close();
  console.log("stopped");
});
