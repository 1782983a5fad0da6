import { createHash } from "node:crypto";
import { type Resources, refusal } from "../../registry/index.ts";
import { negotiate } from "../media-types.ts";
import { type ApiRequest, type ApiResponse, header } from "../request.ts";
import { document, json } from "../respond.ts";
import { aggregatedDiscovery } from "./aggregated.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from "./lists.ts";

/** Documents about what is served: made when asked for, kept until the resources change. */
export class Discovery {
  readonly #resources: Resources;
  readonly #address: () => string;
  #documents = new Map<string, ApiResponse>();
  #version = -1;

  /** @param address `host:port` of the server, for `/api`. */
  constructor(resources: Resources, address: () => string) {
    this.#resources = resources;
    this.#address = address;
  }

  /** The answer to a GET that is about the server; undefined when the path is not one of these. */
  async answer(request: ApiRequest): Promise<ApiResponse | undefined> {
    const { path } = request;
    if (path === "/api" || path === "/api/") return this.#root(request, "api");
    if (path === "/apis" || path === "/apis/") return this.#root(request, "apis");
    if (path.startsWith("/openapi/")) return this.#openapi(request);
    const match = /^\/(?:api\/([^/]+)|apis\/([^/]+)(?:\/([^/]+))?)\/?$/.exec(path);
    if (!match) return undefined;
    const [, coreVersion, group, version] = match;
    const found =
      coreVersion !== undefined
        ? this.#versionList("", coreVersion)
        : version === undefined
          ? this.#group(group!)
          : this.#versionList(group!, version);
    return found === undefined ? undefined : document(200, found, negotiate(header(request, "accept"), []));
  }

  #group(group: string): unknown {
    return this.#resources.hasGroup(group) ? apiGroup(this.#resources.all(), group) : undefined;
  }

  #versionList(group: string, version: string): unknown {
    const known = this.#resources.all().some((resource) => resource.group === group && resource.version === version);
    return known ? apiResourceList(this.#resources.all(), group, version) : undefined;
  }

  async #root(request: ApiRequest, root: "api" | "apis"): Promise<ApiResponse> {
    const accept = header(request, "accept") ?? "application/json";
    for (const clause of accept.split(",")) {
      const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
      const parameters = new Map(rest.map((part) => part.split("=", 2) as [string, string]));
      if (type !== "application/json" && type !== "*/*" && type !== "application/*" && type !== "application/yaml") continue;
      if (parameters.get("as") === undefined) {
        const body = root === "api" ? apiVersions(this.#address()) : apiGroupList(this.#resources.all());
        return document(200, body, negotiate(type, []));
      }
      if (parameters.get("g") !== "apidiscovery.k8s.io" || parameters.get("v") !== "v2" || parameters.get("as") !== "APIGroupDiscoveryList")
        continue;
      return this.#tagged(request, `aggregated ${root}`, () => ({
        ...json(200, aggregatedDiscovery(this.#resources.all(), root)),
        headers: {
          "content-type": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
          "cache-control": "public",
          vary: "Accept",
        },
      }));
    }
    throw refusal({
      code: 406,
      reason: "NotAcceptable",
      message: "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    });
  }

  async #openapi(request: ApiRequest): Promise<ApiResponse | undefined> {
    const { path } = request;
    const { openapiV2, openapiV2Protobuf, openapiV3, openapiV3Index } = await import("./openapi/index.ts");
    const served = (): readonly ReturnType<Resources["all"]>[number][] => this.#resources.all();
    const plain = { "content-type": "application/json", "cache-control": "no-cache, private" };
    if (path === "/openapi/v2") {
      const accept = header(request, "accept") ?? "";
      if (accept.includes("protobuf") && !accept.includes("application/json")) {
        return this.#tagged(request, "v2 protobuf", () => ({
          status: 200,
          headers: { "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" },
          body: openapiV2Protobuf(served()),
        }));
      }
      return this.#tagged(request, "v2", () => ({ status: 200, headers: plain, body: JSON.stringify(openapiV2(served())) }));
    }
    // A real server says `text/plain` of these, whatever was asked for.
    const v3 = { "content-type": "text/plain; charset=utf-8", vary: "Accept-Encoding, Accept" };
    if (path === "/openapi/v3")
      return this.#tagged(request, "v3", () => ({ status: 200, headers: v3, body: JSON.stringify(openapiV3Index(served())) }));
    const match = /^\/openapi\/v3\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/.exec(path);
    if (!match) return undefined;
    const group = match[1] === undefined ? match[2]! : "";
    const version = match[1] ?? match[3]!;
    if (!served().some((resource) => resource.group === group && resource.version === version)) return undefined;
    return this.#tagged(request, `v3 ${group}/${version}`, () => ({
      status: 200,
      headers: v3,
      body: JSON.stringify(openapiV3(served(), group, version)),
    }));
  }

  /** Answers with an entity tag, and 304 to whoever has it already. */
  #tagged(request: ApiRequest, name: string, make: () => ApiResponse): ApiResponse {
    if (this.#version !== this.#resources.version) {
      this.#documents = new Map();
      this.#version = this.#resources.version;
    }
    let response = this.#documents.get(name);
    if (!response) {
      const made = make();
      const tag = `"${createHash("sha512")
        .update(made.body ?? "")
        .digest("hex")
        .toUpperCase()}"`;
      response = { ...made, headers: { ...made.headers, etag: tag } };
      this.#documents.set(name, response);
    }
    if (header(request, "if-none-match") === response.headers["etag"]) return { status: 304, headers: { etag: response.headers["etag"]! } };
    return response;
  }
}
