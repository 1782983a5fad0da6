// `etcd` of the drop-in for KUBEBUILDER_ASSETS: answers that it is healthy, and waits. Nothing is stored here.
import { createServer } from "node:http";
import { type FlagTable, type FlagValues, runProgram } from "./flags.ts";

const flags: FlagTable = {
  "listen-client-urls": { help: "where to answer: http://HOST:PORT", list: true },
  "advertise-client-urls": { help: "taken and not used: nobody is told", list: true },
  "listen-peer-urls": { help: "taken and not used: there are no peers", list: true },
  "initial-advertise-peer-urls": { help: "taken and not used: there are no peers", list: true },
  "initial-cluster": { help: "taken and not used: there are no peers" },
  "data-dir": { help: "taken and not used: kube-apiserver keeps its objects itself" },
  "unsafe-no-fsync": { help: "taken and not used: nothing is written", boolean: true },
  "log-level": { help: "taken and not used: nothing is logged" },
  name: { help: "taken and not used" },
};

await runProgram("etcd", "stands in for etcd beside the devcluster's kube-apiserver, and stores nothing", flags, start);

function start(values: FlagValues): void {
  for (const url of values.get("listen-client-urls") ?? ["http://127.0.0.1:2379"]) {
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== "http:") throw new Error(`--listen-client-urls=${url}: only http:// is served`);
    const server = createServer((request, response) => {
      const healthy = request.url === "/health" || request.url?.startsWith("/health?");
      response.writeHead(healthy ? 200 : 404, { "content-type": healthy ? "application/json" : "text/plain" });
      response.end(
        healthy ? '{"health":"true","reason":""}' : "nothing is stored here: the devcluster's kube-apiserver keeps its objects itself\n",
      );
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      console.error(`etcd: cannot listen on ${url}: ${error.code === "EADDRINUSE" ? "address already in use" : error.message}`);
      process.exit(1);
    });
    server.listen(Number(port), hostname.replace(/^\[|\]$/g, ""));
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(0));
}
