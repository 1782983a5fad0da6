// A kubelet that has nothing but logs: every container writes so many lines a second.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { answerWith } from "../contender.ts";

export interface KubeletState {
  readonly port: number;
  readonly open: number;
  /** Lines written to all who follow. */
  readonly lines: number;
}

const TICK_MS = 100;
const followers = new Set<import("node:http").ServerResponse>();
let lines = 0;
let server: ReturnType<typeof createServer> | undefined;

answerWith(async ({ linesPerSecond }: { linesPerSecond?: number }): Promise<KubeletState> => {
  if (!server && linesPerSecond !== undefined) {
    const { certificate, key } = issueCertificate(createCa({ commonName: "kubelet" }), { commonName: "kubelet", usages: ["server auth"] });
    server = createServer({ cert: certificate, key }, (_, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.flushHeaders();
      followers.add(response);
      response.on("close", () => followers.delete(response));
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const perTick = (linesPerSecond * TICK_MS) / 1000;
    setInterval(() => {
      const time = new Date().toISOString().replace("Z", "000000Z");
      const text = Array.from(
        { length: perTick },
        (_, index) => `${time} line ${lines + index} of a log such as programs write, of a hundred bytes\n`,
      ).join("");
      for (const response of followers) response.write(text);
      lines += perTick * followers.size;
    }, TICK_MS);
  }
  return { port: (server!.address() as AddressInfo).port, open: followers.size, lines };
});
