import { connect } from "@outrigger/kit/client";
import { startControllers } from "./index.ts";
import { startKubelet } from "../kubelet/index.ts";

const client = connect({ file: process.argv[2]! });
const t = performance.now();
const log: any = {
  child: () => log,
  debug() {},
  info() {},
  trace() {},
  warn: (a: any, b: any) => console.log('WARN', b, a?.err?.message ?? a),
  error: (a: any, b: any) => console.log('ERR', b, a?.err?.message ?? a, a?.err?.stack?.split('\n').filter((l: string) => l.includes('devcluster')).join(' ')),
};
const running = await startControllers(client, { rootCa: "x", log });
console.log("loops run after", Math.round(performance.now() - t), "ms; since process start", Math.round(performance.now()));
const kubelet = await startKubelet(client, { informers: running.informers });
console.log("node after", Math.round(performance.now() - t));
process.on("SIGINT", async () => {
  await kubelet.stop(); await running.stop();
  await client.close();
  console.log("stopped");
});
