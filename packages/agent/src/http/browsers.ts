import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { ApiAnswer } from "./api.ts";

/** Ends of names that only a cluster or a local network gives. */
const LOCAL = /^(?:[^.]+|.+\.(?:svc|local|internal))$/i;

/**
 * Refuses what a web page has a browser ask, where there is no token that a page could not know: `/latency/<time>` changes the
 * network by GET, and an image's address is enough for that.
 *
 * - `Origin`, `Referer` and `Sec-Fetch-Site` (other than `none`, which is an address that a person typed) are sent for pages only.
 * - A page can leave all of them out over plain HTTP (`referrerpolicy`), but it cannot make a browser not call itself Mozilla.
 * - A name of the internet in `Host` is a name that was pointed at this pod (DNS rebinding).
 */
export function browserRefusal(headers: IncomingHttpHeaders): ApiAnswer | undefined {
  const { origin, referer, host = "", "sec-fetch-site": site, "user-agent": program = "" } = headers;
  const fromPage = origin !== undefined || referer !== undefined || (site !== undefined && site !== "none") || /^Mozilla\//.test(program);
  if (fromPage)
    return refused(
      "an agent without a token answers no browser, since any web page could ask through it: use curl, or give the agent a token",
    );
  const name = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, "");
  if (name === "" || isIP(name) !== 0 || LOCAL.test(name)) return undefined;
  return refused("an agent without a token answers no name of the internet: use the pod's address, or give the agent a token");
}

function refused(error: string): ApiAnswer {
  return { status: 403, body: { error } };
}
