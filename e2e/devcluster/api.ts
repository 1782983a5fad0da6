import { Agent, type RequestOptions, request } from "node:https";
import { parse } from "yaml";

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any kind are read here.
  readonly body: any;
}
export interface ApiEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind are read here.
  readonly object: any;
}

/** Requests as the administrator of a kubeconfig, each made once: no retry hides what was not acknowledged. */
export class Api {
  readonly url: string;
  readonly #agent: Agent;

  constructor(kubeconfig: string) {
    const { clusters, users } = parse(kubeconfig);
    const decoded = (text: string): Buffer => Buffer.from(text, "base64");
    this.url = clusters[0].cluster.server;
    this.#agent = new Agent({
      keepAlive: true,
      ca: decoded(clusters[0].cluster["certificate-authority-data"]),
      cert: decoded(users[0].user["client-certificate-data"]),
      key: decoded(users[0].user["client-key-data"]),
    });
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  /** Rejects when the connection ends before the answer is whole. */
  send(method: string, path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.url + path, this.#options(method), (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, body: text.startsWith("{") ? JSON.parse(text) : text });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body && JSON.stringify(body));
    });
  }

  /** The events of a watch until it ends, also by the death of the server, or until `enough`. */
  async watch(path: string, enough: (event: ApiEvent) => boolean): Promise<ApiEvent[]> {
    const events: ApiEvent[] = [];
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(this.url + path, this.#options("GET"), (incoming) => {
        let rest = "";
        incoming.setEncoding("utf8");
        incoming.on("error", () => {});
        incoming.on("data", (chunk: string) => {
          // A killed server may leave its last line cut off.
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const event = JSON.parse(line) as ApiEvent;
            events.push(event);
            if (enough(event)) return void outgoing.destroy();
          }
        });
        incoming.on("close", resolve);
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
    return events;
  }

  close(): void {
    this.#agent.destroy();
  }

  #options(method: string): RequestOptions {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return { method, agent: this.#agent, headers: { "content-type": type } };
  }
}

/** What a client knows of a list that it follows by a watch. */
export class Followed {
  version: number;
  readonly #objects = new Map<string, string>();

  // biome-ignore lint/suspicious/noExplicitAny: a list of any kind.
  constructor(list: any) {
    this.version = Number(list.metadata.resourceVersion);
    for (const item of list.items) this.#objects.set(item.metadata.name, item.metadata.resourceVersion);
  }

  readonly take = ({ type, object }: ApiEvent): void => {
    this.version = Number(object.metadata.resourceVersion);
    if (type === "DELETED") this.#objects.delete(object.metadata.name);
    else this.#objects.set(object.metadata.name, object.metadata.resourceVersion);
  };

  /** Names and versions. */
  objects(): Record<string, string> {
    return Object.fromEntries([...this.#objects].sort());
  }
}

/** Follows a list from its version on until the server is gone. */
export function follow(api: Api, path: string, list: Answer["body"]): { readonly ended: Promise<Followed> } {
  const followed = new Followed(list);
  const take = (event: ApiEvent): boolean => {
    followed.take(event);
    return false;
  };
  const ended = api.watch(`${path}?watch=1&resourceVersion=${followed.version}`, take).then(
    () => followed,
    () => followed,
  );
  return { ended };
}
