/**
 * Orders two resource versions: by length, then text, so that no version is too large
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
 *
 * @throws RangeError for one that is not digits without a leading zero: such versions have no order.
 */
export function compareResourceVersions(a: string, b: string): number {
  for (const version of [a, b])
    if (!isOrderedVersion(version))
      throw new RangeError(`resource version ${JSON.stringify(version)} cannot be ordered: only digits without a leading zero can`);
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a resource version is of the kind that can be ordered. */
export function isOrderedVersion(version: string): boolean {
  return /^[1-9]\d*$/.test(version);
}
