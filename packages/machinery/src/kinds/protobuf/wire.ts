/** A body that cannot be read as protobuf. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  readonly code = "ERR_PROTOBUF";
}

/** How a field's value lies on the wire (protobuf.dev/programming-guides/encoding). */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** Reads one message's bytes from the front. */
export class WireReader {
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next field's number and wire type. */
  tag(): { readonly number: number; readonly wire: number } {
    const tag = Number(BigInt.asUintN(32, this.varint()));
    const number = tag >>> 3;
    if (number === 0) throw new ProtobufError(`illegal tag ${number} (wire type ${tag & 7})`);
    return { number, wire: tag & 7 };
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new ProtobufError("unexpected EOF");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError("integer overflow");
  }

  double(): number {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** The bytes of a string, of bytes, or of a message: a view, not a copy. */
  lengthDelimited(): Uint8Array {
    return this.take(Number(this.varint()));
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.take(8);
    else if (wire === LENGTH) this.lengthDelimited();
    else if (wire === FIXED32) this.take(4);
    else throw new ProtobufError(`illegal wireType ${wire}`);
  }

  private take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.bytes.length) throw new ProtobufError("unexpected EOF");
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}
