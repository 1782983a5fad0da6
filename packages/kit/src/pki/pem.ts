/** Wraps DER bytes as PEM (RFC 7468), 64 characters a line. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/**
 * The bytes of each PEM block with this label, in order; none when there is none. Text between blocks is ignored.
 */
export function fromPem(label: string, text: string): Buffer[] {
  const block = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, "g");
  return [...text.matchAll(block)].map((match) => Buffer.from(match[1] ?? "", "base64"));
}
