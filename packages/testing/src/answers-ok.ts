import https from "node:https";

export interface Question {
  /** PEM of the server's authority. */
  readonly ca: string;
  /** Who asks: a certificate and its key, PEM. */
  readonly user?: { readonly certificate: string; readonly key: string };
  /** What the answer must hold. Default: anything. */
  readonly containing?: string;
}

/** Milliseconds that a server may be silent. */
const QUIET_MS = 2000;

/** Whether a server answers a GET with 200 and the whole of what was wanted. Never rejects, and always resolves: whoever asks will ask again. */
export function answersOk(url: string, { ca, user, containing = "" }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const identity = user ? { cert: user.certificate, key: user.key } : {};
    const request = https.get(url, { ca, ...identity, agent: false, timeout: QUIET_MS }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
      response.on("end", () => resolve(response.statusCode === 200 && text.includes(containing)));
      // Cut off after its headers, it has neither an end nor (with nobody to hear of it) an error.
      response.on("close", () => resolve(false));
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}
