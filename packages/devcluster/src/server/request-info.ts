/** What a path and a method mean, after `k8s.io/apiserver/pkg/endpoints/request`. */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of other paths the method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path after the subresource, or more than a resource path can hold. */
  readonly rest: readonly string[];
  /** By the old `/watch/` prefix. */
  readonly watchPath: boolean;
}

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Words that stand in the place of a subresource of a namespace, and so of no resource within it. */
const ofNamespaces = new Set(["status", "finalize"]);

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const other = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    rest: [],
    watchPath: false,
  };
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length < 3) return other;
  let group = "";
  const root = parts.shift();
  if (root === "apis") group = parts.shift()!;
  else if (root !== "api") return other;
  const version = parts.shift();
  if (version === undefined || parts.length === 0) return other;

  const watchPath = parts[0] === "watch";
  if (watchPath) parts.shift();
  if (parts.length === 0) return other;
  let decoded: string[];
  try {
    decoded = parts.map(decodeURIComponent);
  } catch {
    return other;
  }
  let namespace = "";
  if (decoded[0] === "namespaces" && decoded.length > 1) {
    namespace = decoded[1]!;
    if (decoded.length > 2 && !ofNamespaces.has(decoded[2]!)) decoded = decoded.slice(2);
  }
  const [resource = "", name = "", subresource = "", ...rest] = decoded;
  let verb = verbs[method] ?? "";
  if (watchPath) verb = "watch";
  else if (name === "" && verb === "get") verb = watches(query) ? "watch" : "list";
  else if (name === "" && verb === "delete") verb = "deletecollection";
  return { isResource: true, path, verb, group, version, namespace, resource, subresource, name, rest, watchPath };
}

function watches(query: URLSearchParams): boolean {
  const text = query.get("watch");
  return text !== null && text !== "false" && text !== "0";
}
