import { connect, isIP, type Socket } from "node:net";
import type { TunnelOptions } from "./tunnel.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const PASSWORD = 2;
const REFUSED = 0xff;
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];
/** RFC 1928, 6. */
const REPLIES: readonly string[] = [
  "",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live exceeded",
  "command not supported",
  "address type not supported",
];

/** Opens a connection through a SOCKS version 5 proxy, with user and password (RFC 1929) where its URL has them. The proxy resolves names. */
export async function socksTunnel(proxy: URL, { host, port, timeoutMs }: Omit<TunnelOptions, "ca">): Promise<Socket> {
  if (Buffer.byteLength(host) > 255)
    throw new Error(`takes host names of at most 255 bytes: that of the server has ${Buffer.byteLength(host)}`);
  const socket = connect({ host: proxy.hostname.replace(/^\[|\]$/g, ""), port: Number(proxy.port || 1080) });
  const timer = setTimeout(() => socket.destroy(new Error(`no tunnel in ${timeoutMs / 1000} s`)), timeoutMs);
  const bytes = new Reader(socket);
  try {
    const methods = proxy.username === "" ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, PASSWORD];
    socket.write(Buffer.from([VERSION, methods.length, ...methods]));
    const [version, method] = await bytes.take(2);
    if (version !== VERSION || method === REFUSED) throw new Error(method === REFUSED ? "wants another way to log in" : "speaks no SOCKS5");
    if (method === PASSWORD) await logIn(socket, bytes, proxy);
    socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), address(host), Buffer.from([port >> 8, port & 0xff])]));
    const [, reply = 1, , type] = await bytes.take(4);
    if (reply !== 0) throw new Error(`refused a tunnel to ${host}:${port}: ${REPLIES[reply] ?? `reply ${reply}`}`);
    // The address that it uses itself is of no interest, but it has to be read.
    const length = type === IPV4 ? 4 : type === IPV6 ? 16 : (await bytes.take(1))[0]!;
    await bytes.take(length + 2);
    bytes.release();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function logIn(socket: Socket, bytes: Reader, { username, password }: URL): Promise<void> {
  const [name, secret] = [Buffer.from(decodeURIComponent(username)), Buffer.from(decodeURIComponent(password))];
  socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([secret.length]), secret]));
  const [, status] = await bytes.take(2);
  if (status !== 0) throw new Error("refused its user name and password");
}

function address(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return Buffer.from([IPV4, ...host.split(".").map(Number)]);
    case 6:
      return Buffer.concat([Buffer.from([IPV6]), sixteenBytes(host)]);
    default:
      return Buffer.concat([Buffer.from([NAME, Buffer.byteLength(host)]), Buffer.from(host)]);
  }
}

/** An IPv6 address as its bytes; the URL parser has written out whatever short form it had. */
function sixteenBytes(host: string): Buffer {
  const [head = "", tail] = host.split("::");
  const groups = (part: string | undefined): number[] => (part ? part.split(":").map((group) => Number.parseInt(group, 16)) : []);
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Takes exact numbers of bytes off a socket. */
class Reader {
  readonly #socket: Socket;
  constructor(socket: Socket) {
    this.#socket = socket;
  }
  async take(count: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(count) as Buffer | null;
      if (bytes?.length === count) return bytes;
      await new Promise<void>((resolve, reject) => {
        const settle = (act: () => void) => (): void => {
          this.#socket.off("readable", onReadable).off("error", onError).off("close", onClose);
          act();
        };
        const onReadable = settle(resolve);
        const onError = (error: Error): void => settle(() => reject(error))();
        const onClose = settle(() => reject(Object.assign(new Error("ended the connection"), { code: "ECONNRESET" })));
        this.#socket.once("readable", onReadable).once("error", onError).once("close", onClose);
      });
    }
  }
  /** Leaves the socket to its next reader, with nothing taken. */
  release(): void {
    this.#socket.removeAllListeners("readable");
  }
}
