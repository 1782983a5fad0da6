/** A given value is unknown to the chart, its schema does not allow it, or another value needs it. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly code = "ERR_VALUE";
}
