/** `v2` before `v1` before `v1beta2` before `v1alpha1` before anything else (k8s.io/apimachinery/pkg/version). */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [versionParts(a), versionParts(b)];
  if (!x || !y) return x ? -1 : y ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return y.stability - x.stability || y.major - x.major || y.minor - x.minor;
}

function versionParts(version: string): { major: number; stability: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return undefined;
  return { major: Number(match[1]), stability: match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0, minor: Number(match[3] ?? 0) };
}
