import { BlockList, isIP } from "node:net";

export type Env = Readonly<Record<string, string | undefined>>;

const SCHEMES = ["http:", "https:", "socks5:"];

/** A `proxy-url`, or what is wrong with it. Never repeats it, since it may hold a password. */
export function parseProxyUrl(text: string): URL | string {
  const url = URL.parse(text);
  if (!url) return "is no URL";
  if (!SCHEMES.includes(url.protocol) || url.hostname === "") return "is no http, https or socks5 URL";
  return url.protocol === "socks5:" ? (socksProblem(url) ?? url) : url;
}

/** SOCKS writes lengths as one byte (RFC 1929, 2). */
function socksProblem({ username, password }: URL): string | undefined {
  for (const [part, text] of [
    ["user name", username],
    ["password", password],
  ] as const) {
    let bytes: number;
    try {
      bytes = Buffer.byteLength(decodeURIComponent(text));
    } catch {
      return `has a ${part} with a percent sign that stands for no character: write it as %25`;
    }
    if (bytes > 255) return `has a ${part} of ${bytes} bytes: SOCKS takes at most 255`;
  }
  return undefined;
}

/**
 * The proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or the same in small letters) say for a URL, as Go's
 * net/http and so kubectl read them: never for localhost and loopback addresses; `NO_PROXY` lists hosts with their
 * subdomains, `.subdomains.only`, addresses, CIDR blocks, each maybe with `:port`, or is `*`.
 *
 * @returns undefined where the request goes straight to the server.
 */
export function environmentProxy(target: URL, env: Env): { readonly url: string; readonly variable: string } | undefined {
  const name = target.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const variable = [name, name.toLowerCase()].find((each) => env[each]);
  if (variable === undefined) return undefined;
  const host = target.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  if (isLocal(host) || isExempt(host, port, env["NO_PROXY"] || env["no_proxy"] || "")) return undefined;
  const given = env[variable]!;
  // Go takes `host:port` without a scheme too.
  return { url: typeof parseProxyUrl(given) === "string" ? `http://${given}` : given, variable };
}

/** What `environmentProxy` looks at, taken out of an environment. */
export function proxyVariables(env: Env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"])
    for (const variable of [name, name.toLowerCase()]) if (env[variable]) found[variable] = env[variable];
  return found;
}

function isLocal(host: string): boolean {
  return host === "localhost" || (isIP(host) === 4 && host.startsWith("127.")) || host === "::1";
}

function isExempt(host: string, port: string, noProxy: string): boolean {
  return noProxy
    .split(",")
    .map((rule) => rule.trim().toLowerCase())
    .some((rule) => rule === "*" || (rule !== "" && matches(rule, host, port)));
}

function matches(rule: string, host: string, port: string): boolean {
  const [network = "", prefix] = rule.split("/");
  if (prefix !== undefined) return isIP(network) !== 0 && isIP(host) === isIP(network) && inBlock(host, network, Number(prefix));
  const [, bare = rule, rulePort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(rule) ?? [];
  if (rulePort !== undefined && rulePort !== port) return false;
  const name = bare.replace(/^\[|\]$/g, "").replace(/^\*\./, ".");
  if (name === "" || isIP(name)) return name !== "" && name === host;
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inBlock(host: string, network: string, prefix: number): boolean {
  const family = isIP(network) === 4 ? "ipv4" : "ipv6";
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === "ipv4" ? 32 : 128)) return false;
  const block = new BlockList();
  block.addSubnet(network, prefix, family);
  return block.check(host, family);
}
