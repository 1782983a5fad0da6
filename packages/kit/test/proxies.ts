import { createServer as createHttpServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy on loopback that knows hosts by names of the test's own, since loopback itself is never proxied. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  /** What it was asked for: `CONNECT api.test:443`, `GET http://…`. */
  readonly asked: string[];
}

export interface TestProxyOptions {
  /** Certificate of an https proxy. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** `user:password` that it wants. */
  readonly login?: string;
}

/** An HTTP proxy: tunnels for CONNECT, and forwards requests for whole URLs. Every host leads to loopback. */
export async function startHttpProxy({ tls, login }: TestProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { port, pathname, search } = new URL(incoming.url!);
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const onward = request({ host: "127.0.0.1", port, method: incoming.method, path: pathname + search, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  };
  const server: Server = tls
    ? (createHttpsServer({ cert: tls.certificate, key: tls.key }, forward) as unknown as Server)
    : createHttpServer(forward);
  server.on("connect", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push(`CONNECT ${incoming.url}`);
    if (wanted !== undefined && incoming.headers["proxy-authorization"] !== wanted)
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
    join(socket, Number(incoming.url!.split(":").at(-1)), () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) socket.unshift(head);
    });
  });
  return listening(server as never, tls ? "https" : "http", asked);
}

/** A SOCKS version 5 proxy (RFC 1928), with user and password where `login` says. */
export async function startSocksProxy({ login }: Pick<TestProxyOptions, "login"> = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    let stage: "greeting" | "login" | "request" = "greeting";
    const onData = (data: Buffer): void => {
      if (stage === "greeting") {
        stage = login === undefined ? "request" : "login";
        if (login !== undefined && !data.subarray(2).includes(2)) return void socket.end(Buffer.from([5, 0xff]));
        socket.write(Buffer.from([5, login === undefined ? 0 : 2]));
      } else if (stage === "login") {
        const length = data[1]!;
        const given = `${data.subarray(2, 2 + length)}:${data.subarray(3 + length)}`;
        stage = "request";
        socket.write(Buffer.from([1, given === login ? 0 : 1]));
      } else {
        const host = data[3] === 3 ? data.subarray(5, 5 + data[4]!).toString() : [...data.subarray(4, 8)].join(".");
        const port = data.readUInt16BE(data.length - 2);
        asked.push(`CONNECT ${host}:${port}`);
        socket.off("data", onData);
        socket.pause();
        join(
          socket,
          port,
          () => socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])),
          () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])),
        );
      }
    };
    socket.on("data", onData);
  });
  return listening(server, "socks5", asked);
}

function join(socket: Socket, port: number, onOpen: () => void, onRefused: () => void = () => socket.destroy()): void {
  const onward = connect(port, "127.0.0.1");
  onward.once("connect", () => {
    onOpen();
    onward.pipe(socket).pipe(onward);
  });
  onward.once("error", onRefused);
  socket.on("error", () => onward.destroy());
  socket.on("close", () => onward.destroy());
}

async function listening(server: ReturnType<typeof createServer>, scheme: string, asked: string[]): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${scheme}://${host}`,
    host,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
