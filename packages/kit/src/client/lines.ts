const NEWLINE = 10;

/** Cuts a stream of bytes into lines without their line ends. What follows the last one is given only if it is not empty. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (rest.length === 0) {
        yield chunk.toString("utf8", start, end);
      } else {
        rest.push(chunk.subarray(start, end));
        const line = Buffer.concat(rest).toString("utf8");
        rest = [];
        yield line;
      }
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString("utf8");
}
