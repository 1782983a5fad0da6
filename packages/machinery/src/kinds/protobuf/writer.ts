import { LENGTH } from "./wire.ts";

/**
 * Writes a message from its end to its front: a length comes before its bytes, and is known once they are written. Whoever
 * writes says the fields in reverse order.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(1024);
  #at = 1024;

  /** How many bytes are written. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** What is written, the caller's own. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer.subarray(this.#at));
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  /** Closes a field whose bytes were written since the writer had `length` bytes. */
  closeField(number: number, length: number): void {
    this.varint(this.length - length);
    this.tag(number, LENGTH);
  }

  /** @param value an integer; a negative one takes ten bytes, as Go writes it. */
  varint(value: number): void {
    if (value < 0) {
      this.#signed(BigInt.asUintN(64, BigInt(Math.trunc(value))));
      return;
    }
    this.#reserve(10);
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    this.#at -= size;
    let rest = value;
    for (let index = 0; index < size; index++) {
      this.#buffer[this.#at + index] = (rest % 128) | (index < size - 1 ? 0x80 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#at -= size;
    this.#buffer.write(value, this.#at, size, "utf8");
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  #signed(value: bigint): void {
    this.#reserve(10);
    this.#at -= 10;
    for (let index = 0; index < 10; index++) {
      this.#buffer[this.#at + index] = Number((value >> BigInt(7 * index)) & 0x7fn) | (index < 9 ? 0x80 : 0);
    }
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length + size));
    this.#buffer.copy(larger, larger.length - length, this.#at);
    this.#at = larger.length - length;
    this.#buffer = larger;
  }
}
