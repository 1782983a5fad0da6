import { type Fault, type Problem, parseFault } from "../fault/index.ts";
import { type ActiveFault, ConflictError, type Faults } from "../faults.ts";
import { type Command, type Device, ForeignQdiscError, KernelError } from "../kernel/index.ts";
import { FAULT_NAME, StateError } from "../store/index.ts";

export interface ApiRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly body: string;
}
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The fault that the one-word API of `/latency` sets. */
const LATENCY = "latency";
const NAME_ALLOWED = "1 to 63 small letters, digits and dashes, with a letter or digit at both ends";

/**
 * The agent's API: `/latency[/<time>]` as it always was, `/v1/faults[/<name>]`, `/v1/state`, `/healthz`, `/metrics`.
 *
 * Guarantees
 * - A request that is refused with 4xx has changed nothing, and is told which field is wrong and what is allowed.
 * - `PUT` and `DELETE` are idempotent: done twice they are the same as done once.
 */
export class Api {
  readonly #faults: Faults;
  readonly #device: Device;
  readonly #isReady: () => boolean;
  #requests = new Map<number, number>();

  /** @param isReady whether the agent has taken over what one before it left */
  constructor(faults: Faults, device: Device, isReady: () => boolean = () => true) {
    this.#faults = faults;
    this.#device = device;
    this.#isReady = isReady;
  }

  /** Never rejects. */
  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#route(request).catch(failure);
    this.#requests.set(answer.status, (this.#requests.get(answer.status) ?? 0) + 1);
    return answer;
  }

  async #route({ method, url, body }: ApiRequest): Promise<ApiAnswer> {
    const { path, query } = split(url);
    const [first, second, third, ...more] = path;
    if (more.length > 0) return notFound();
    if (first === "latency" && third === undefined)
      return second === undefined ? this.#latency(method, query) : this.#setLatency(method, second, query);
    if (first === "v1" && second === "faults")
      return third === undefined ? this.#list(method, query) : this.#one(method, third, query, body);
    if (first === "v1" && second === "state" && third === undefined) return this.#reads(method, query, () => this.#state());
    if (first === "healthz" && second === undefined) return this.#reads(method, query, async () => this.#health());
    if (first === "metrics" && second === undefined)
      return this.#reads(method, query, async () => ({ status: 200, body: this.#metrics() }));
    return notFound();
  }

  async #latency(method: string, query: Query): Promise<ApiAnswer> {
    if (method === "DELETE") return this.#remove(query, LATENCY);
    if (method !== "GET") return notAllowed("GET, DELETE");
    return this.#reads(method, query, async () => {
      const active = this.#faults.get(LATENCY);
      const delay = active?.fault.delay;
      return { status: 200, body: active && delay ? { latency: milliseconds(delay), until: time(active.until) } : { latency: null } };
    });
  }

  async #setLatency(method: string, given: string, query: Query): Promise<ApiAnswer> {
    if (method !== "GET") return notAllowed("GET");
    this.#checkQuery(query, ["ttl", "force"]);
    const ttl = query.get("ttl");
    const spec = { delay: { time: given }, ...(ttl !== undefined && { ttl }) };
    const { fault, problems } = parseFault(spec);
    if (problems) return invalid(problems.map((problem) => (problem.field === "delay.time" ? { ...problem, field: "time" } : problem)));
    const commands = await this.#faults.put(LATENCY, spec, fault, isForced(query));
    // What was the case already needed none.
    const netem = commands.findLast(({ argv }) => argv.includes("netem")) ?? this.#faults.command(LATENCY);
    return {
      status: 200,
      body: {
        "tc command": netem?.argv.join(" "),
        latency: milliseconds(fault.delay!),
        until: time(this.#faults.get(LATENCY)?.until ?? 0),
      },
    };
  }

  async #list(method: string, query: Query): Promise<ApiAnswer> {
    if (method === "DELETE") return this.#remove(query);
    if (method !== "GET") return notAllowed("GET, DELETE");
    return this.#reads(method, query, async () => ({ status: 200, body: { faults: this.#faults.active.map(shown) } }));
  }

  async #one(method: string, name: string, query: Query, body: string): Promise<ApiAnswer> {
    if (!FAULT_NAME.test(name)) return invalid([{ field: "name", problem: "is no name", allowed: NAME_ALLOWED }]);
    if (method === "PUT") return this.#put(name, query, body);
    if (method === "DELETE") return this.#remove(query, name);
    if (method !== "GET") return notAllowed("GET, PUT, DELETE");
    return this.#reads(method, query, async () => {
      const fault = this.#faults.get(name);
      return fault ? { status: 200, body: shown(fault) } : notFound(`there is no fault ${name}`);
    });
  }

  /** All, where there is no name. */
  async #remove(query: Query, name?: string): Promise<ApiAnswer> {
    this.#checkQuery(query, []);
    const isThere = name === undefined ? this.#faults.active.length > 0 : this.#faults.get(name) !== undefined;
    const commands = await (name === undefined ? this.#faults.removeAll() : this.#faults.remove(name));
    return { status: 200, body: { removed: isThere, commands: lines(commands) } };
  }

  async #put(name: string, query: Query, body: string): Promise<ApiAnswer> {
    this.#checkQuery(query, ["force"]);
    let spec: unknown;
    try {
      spec = JSON.parse(body);
    } catch {
      return invalid([{ field: "", problem: "is no JSON", allowed: "a fault as JSON" }]);
    }
    const { fault, problems } = parseFault(spec);
    if (problems) return invalid(problems);
    const isNew = this.#faults.get(name) === undefined;
    const commands = await this.#faults.put(name, spec, fault, isForced(query));
    const active = this.#faults.get(name);
    return { status: isNew ? 201 : 200, body: { ...(active ? shown(active) : { name }), commands: lines(commands) } };
  }

  #health(): ApiAnswer {
    return this.#isReady() ? { status: 200, body: "ok" } : { status: 503, body: "faults of before are being looked after" };
  }

  async #state(): Promise<ApiAnswer> {
    return { status: 200, body: { desired: this.#faults.active.map(shown), actual: await this.#device.actual() } };
  }

  async #reads(method: string, query: Query, read: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
    if (method !== "GET") return notAllowed("GET");
    this.#checkQuery(query, []);
    return read();
  }

  #checkQuery(query: Query, allowed: readonly string[]): void {
    for (const [name, value] of query) {
      if (!allowed.includes(name))
        throw new InvalidQuery({
          field: `?${name}`,
          problem: "is unknown",
          allowed: allowed.map((one) => `?${one}=`).join(", ") || "no parameters",
        });
      if (name === "force" && value !== "true")
        throw new InvalidQuery({ field: "?force", problem: "is not true", allowed: "true, or leave it out" });
    }
  }

  #metrics(): string {
    const lines = [
      "# HELP outrigger_agent_faults Faults in force.",
      "# TYPE outrigger_agent_faults gauge",
      `outrigger_agent_faults ${this.#faults.active.length}`,
      "# HELP outrigger_agent_changes_total Changes of the kernel's tree.",
      "# TYPE outrigger_agent_changes_total counter",
      `outrigger_agent_changes_total ${this.#faults.changes}`,
      "# HELP outrigger_agent_failures_total Changes that failed and were taken back.",
      "# TYPE outrigger_agent_failures_total counter",
      `outrigger_agent_failures_total ${this.#faults.failures}`,
      "# HELP outrigger_agent_requests_total Requests by the code of their answer.",
      "# TYPE outrigger_agent_requests_total counter",
      ...[...this.#requests].sort(([a], [b]) => a - b).map(([code, count]) => `outrigger_agent_requests_total{code="${code}"} ${count}`),
    ];
    return `${lines.join("\n")}\n`;
  }
}

type Query = ReadonlyMap<string, string>;

class InvalidQuery extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.problem);
    this.problem = problem;
  }
}

function split(url: string): { path: string[]; query: Query } {
  const [path = "", query = ""] = url.split("?", 2);
  try {
    return { path: path.split("/").slice(1).map(decodeURIComponent), query: new Map(new URLSearchParams(query)) };
  } catch {
    return { path: [], query: new Map() };
  }
}

const isForced = (query: Query): boolean => query.get("force") === "true";
const lines = (commands: readonly Command[]): string[] => commands.map(({ argv }) => argv.join(" "));
const time = (milliseconds: number): string => new Date(milliseconds).toISOString();

const milliseconds = ({ us }: NonNullable<Fault["delay"]>): string => `${us / 1000}ms`;

function shown({ name, spec, until }: ActiveFault): object {
  return { name, ...(spec as object), until: time(until) };
}

function notFound(error = "there is nothing under this path"): ApiAnswer {
  return { status: 404, body: { error } };
}

function notAllowed(allow: string): ApiAnswer {
  return { status: 405, body: { error: `only ${allow} is allowed here` }, headers: { allow } };
}

function invalid(problems: readonly Problem[]): ApiAnswer {
  const [first] = problems;
  const error = problems.map(({ field, problem, allowed }) => `${field || "the request"} ${problem}: ${allowed}`).join("; ");
  return { status: 400, body: { error, field: first?.field ?? "", allowed: first?.allowed ?? "", problems } };
}

function failure(error: unknown): ApiAnswer {
  if (error instanceof InvalidQuery) return invalid([error.problem]);
  const { message } = error as Error;
  if (error instanceof ConflictError)
    return { status: 409, body: { error: message, ...(error.other !== undefined && { fault: error.other }) } };
  if (error instanceof ForeignQdiscError) return { status: 409, body: { error: message } };
  if (error instanceof StateError) return { status: 507, body: { error: message } };
  if (error instanceof KernelError) return { status: 500, body: { error: message } };
  return { status: 500, body: { error: `this should not have happened: ${message}` } };
}
