import { readFile } from "node:fs/promises";
import type { StaticToken } from "./authenticate.ts";
import { ClusterFileError } from "./cluster-file.ts";

/**
 * Reads a file of bearer tokens as kube-apiserver's `--token-auth-file` has it: a line of comma-separated values for each
 * token (`token,user,uid,"group1,group2"`), of which the groups may be left out. Lines without a token are left out; of
 * two lines with one token the later counts.
 *
 * @throws ClusterFileError
 */
export async function readTokenFile(path: string): Promise<StaticToken[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new ClusterFileError(`cannot read the token file ${path}: ${(error as Error).message}`, { cause: error });
  }
  const tokens = new Map<string, StaticToken>();
  for (const [index, record] of records(text, path).entries()) {
    const [token = "", username = "", uid = "", groups] = record;
    if (record.length < 3) {
      throw new ClusterFileError(
        `${path}: record ${index + 1} must have at least 3 columns (token, user name, user uid), found ${record.length}`,
      );
    }
    if (token === "") continue;
    tokens.set(token, { token, username, uid, groups: groups ? groups.split(",") : [] });
  }
  return [...tokens.values()];
}

/** Records of RFC 4180: a field may stand in quotes, and then hold commas, line breaks, and quotes doubled. */
function records(text: string, path: string): string[][] {
  const found: string[][] = [];
  let record: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length || record.length > 0) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new ClusterFileError(`${path}: a quote in line ${text.slice(0, at).split("\n").length} is out of place`);
    record.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === ",") continue;
    if (record.length > 1 || record[0] !== "") found.push(record);
    record = [];
  }
  return found;
}
