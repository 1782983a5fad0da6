import { dnsLabelProblems } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import { type Client, NotFoundError } from "@outrigger/kit/client";
import { Namespace } from "@outrigger/kit/kinds";
import { UndecidedError } from "@outrigger/kit/webhook";
import { Coalesced } from "./coalesced.ts";
import { inTime } from "./deadline.ts";

type Labels = Readonly<Record<string, string>>;
interface Named {
  readonly metadata: { readonly name?: string; readonly labels?: Labels };
}
/** Up to this many are asked for one by one; of more, all namespaces are listed once. */
const ONE_BY_ONE = 8;
const LEAST_MS = 20;
const NONE: Labels = {};

/**
 * The labels of namespaces, also of those that are younger than the cache.
 *
 * Guarantees: however many reviews ask, and for however many names that do not exist, one look at the API server is under way,
 * and it costs eight small requests or one list.
 */
export class NamespaceLabels {
  readonly #client: Client;
  readonly #informer: Informer;
  #asked = new Set<string>();
  readonly #look: Coalesced<ReadonlyMap<string, Labels>>;

  constructor(client: Client, informer: Informer) {
    this.#client = client;
    this.#informer = informer;
    this.#look = new Coalesced(() => this.#lookOnce(), LEAST_MS);
  }

  /** From the cache; `undefined` where it has no such namespace. */
  known(name: string): Labels | undefined {
    const namespace = this.#informer.lister.get({ name }) as unknown as Named | undefined;
    return namespace && (namespace.metadata.labels ?? NONE);
  }

  /** From the cache, or else from the API server; none where there is no such namespace. @throws UndecidedError */
  async find(name: string, deadline: number): Promise<Labels> {
    const known = this.known(name);
    if (known !== undefined) return known;
    // No namespace has such a name. To ask for it would fail, and with it what others ask in the same look.
    if (dnsLabelProblems(name).length > 0) return NONE;
    this.#asked.add(name);
    const found = await inTime(this.#look.ask(), deadline, `the API server did not say in time which labels namespace ${name} has`).catch(
      (cause: unknown) => {
        throw cause instanceof UndecidedError ? cause : new UndecidedError(`the labels of namespace ${name} could not be read`, { cause });
      },
    );
    return this.known(name) ?? found.get(name) ?? NONE;
  }

  async #lookOnce(): Promise<ReadonlyMap<string, Labels>> {
    const names = [...this.#asked];
    this.#asked = new Set();
    const found = new Map<string, Labels>();
    const take = ({ metadata }: Named): void => void found.set(metadata.name ?? "", metadata.labels ?? NONE);
    if (names.length > ONE_BY_ONE) {
      for await (const { items } of this.#client.pages(Namespace, { metadataOnly: true })) for (const one of items) take(one as Named);
      return found;
    }
    await Promise.all(
      names.map(async (name) => {
        try {
          take((await this.#client.get(Namespace, { name }, { metadataOnly: true })) as Named);
        } catch (error) {
          if (!(error instanceof NotFoundError)) throw error;
        }
      }),
    );
    return found;
  }
}
