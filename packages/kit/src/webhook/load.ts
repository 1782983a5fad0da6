import type { Socket } from "node:net";

/** How much a server takes on at one time. */
export interface LoadLimits {
  /** Connections. */
  readonly connections: number;
  /** Bytes of bodies that are being read or wait for their answer, all together. */
  readonly bytes: number;
}

/** One request, from its first byte to its answer. */
export interface Held {
  bytes: number;
  /** Its body is read to the end. */
  whole: boolean;
  /** Ends it at once. */
  readonly cut: () => void;
}

/** A body of this size is no reason to cut anybody off. */
const SMALL = 64 * 1024;

/**
 * Bounds what callers can make a server hold, in favour of those who are quick.
 *
 * Guarantees
 * - When there are too many connections, the one goes that has been silent for the longest, before all those on which no request
 *   was ever answered: an attacker's, or one that an API server makes anew.
 * - When bodies hold too many bytes, the one goes that has been under way for the longest and is large: whoever sends slowly gives
 *   way to whoever sends at once. Bodies that are whole are answered; where they alone are too many, new ones are refused.
 */
export class Load {
  readonly #limits: LoadLimits;
  /** In the order in which they were last of use; the value says whether a request was answered on it. */
  readonly #sockets = new Map<Socket, { answered: boolean; busy: number }>();
  readonly #handshaking = new Map<string, Socket>();
  /** In the order in which they began. */
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  get sockets(): Iterable<Socket> {
    return this.#sockets.keys();
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** A connection was made; TLS comes next. */
  opened(socket: Socket): void {
    const address = addressOf(socket);
    this.#add(socket);
    this.#handshaking.set(address, socket);
    socket.once("close", () => {
      if (this.#handshaking.get(address) === socket) this.#handshaking.delete(address);
    });
    if (this.#sockets.size > this.#limits.connections) this.#leastUseful(socket)?.destroy();
  }

  /** From now on the connection is known by its TLS socket. */
  secured(socket: Socket): void {
    const address = addressOf(socket);
    const raw = this.#handshaking.get(address);
    if (raw) this.#sockets.delete(raw);
    this.#handshaking.delete(address);
    this.#add(socket);
  }

  #add(socket: Socket): void {
    this.#sockets.set(socket, { answered: false, busy: 0 });
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** A request began on a connection. */
  began(socket: Socket): void {
    const state = this.#sockets.get(socket);
    if (state) state.busy++;
  }

  /** A request was answered: the connection is of use. */
  answered(socket: Socket): void {
    const state = this.#sockets.get(socket);
    if (!state) return;
    this.#sockets.delete(socket);
    this.#sockets.set(socket, { answered: true, busy: Math.max(0, state.busy - 1) });
  }

  hold(cut: () => void): Held {
    const held: Held = { bytes: 0, whole: false, cut };
    this.#held.add(held);
    return held;
  }

  /** @returns false where there is no room for these bytes. */
  take(held: Held, bytes: number): boolean {
    held.bytes += bytes;
    this.#bytes += bytes;
    while (this.#bytes > this.#limits.bytes) {
      const slow = this.#slowest(held);
      if (slow === undefined) return held.bytes <= SMALL;
      this.release(slow);
      slow.cut();
      if (slow === held) return false;
    }
    return true;
  }

  release(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#bytes -= held.bytes;
  }

  #slowest(newest: Held): Held | undefined {
    for (const held of this.#held) if (!held.whole && held.bytes > SMALL) return held;
    return newest.bytes > SMALL ? newest : undefined;
  }

  #leastUseful(newest: Socket): Socket | undefined {
    let idle: Socket | undefined;
    let silent: Socket | undefined;
    for (const [socket, { answered, busy }] of this.#sockets) {
      if (socket === newest) continue;
      if (!answered) return socket;
      if (busy === 0) idle ??= socket;
      silent ??= socket;
    }
    return idle ?? silent;
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
