import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { Device, run } from "./kernel/index.ts";

const USAGE = `outrigger-agent [options]
  --port N             port of the API (default 2332)
  --host ADDRESS       address of the API (default: all)
  --interface NAME     device whose traffic is disturbed (default: the one of the default route)
  --state-dir FOLDER   where faults are kept so that they end whatever happens (default /run/outrigger-agent)
  --token-file FILE    bearer token that callers must have (default: none, only private addresses are answered, and no
                       browsers)
  --optional-token-file FILE
                       the same, where nothing is asked for as long as there is no such file; a file that changes counts at once
  --spare ADDRESS      address that no fault touches, such as the node's; may be repeated (or environment NODE_IP)
  --no-marks           do not use the packet filter, though the kernel has it`;

/** Runs the agent until SIGTERM. @returns the exit code, where it could not start */
export async function main(args: readonly string[]): Promise<number | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "2332" },
      host: { type: "string" },
      interface: { type: "string" },
      "state-dir": { type: "string", default: "/run/outrigger-agent" },
      "token-file": { type: "string" },
      "optional-token-file": { type: "string" },
      spare: { type: "string", multiple: true },
      "no-marks": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port}: a port is a whole number from 0 to 65535`);
  const name = values.interface ?? defaultInterface();
  if (!/^[\w.@-]{1,15}$/.test(name)) throw new Error(`--interface ${name}: that is no name of a device`);
  const token = tokens(values["token-file"], values["optional-token-file"]);
  const spared = [...(values.spare ?? []), ...(process.env["NODE_IP"] ? [process.env["NODE_IP"]] : [])].map((text) => {
    const family = isIP(text);
    if (family === 0) throw new Error(`--spare ${text}: that is no address`);
    return { family: family as 4 | 6, text };
  });
  const [{ Faults }, { Api, serve }, { StateFolder }] = await Promise.all([
    import("./faults.ts"),
    import("./http/index.ts"),
    import("./store/index.ts"),
  ]);
  const device = new Device({ name, run, marks: !values["no-marks"], spared: { port, addresses: spared } });
  const state = new StateFolder(values["state-dir"]);
  const faults = new Faults({ device, state, log: (line) => console.error(`outrigger-agent: ${line}`) });
  let ready = false;
  // Where the port is in use another agent serves this network namespace, whose faults are not to be cleared.
  const { server, port: listening } = await serve({
    api: new Api(faults, device, () => ready),
    port,
    ...(values.host !== undefined && { host: values.host }),
    ...(token !== undefined && { token }),
  });
  // Requests that change something wait their turn behind it.
  await faults.restore();
  ready = true;
  console.log(
    `outrigger-agent: port ${listening}, device ${name}, faults ${device.marks ? "end in the kernel" : "are ended by the agent and its watchdog"}`,
  );
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      server.close();
      server.closeIdleConnections();
      void faults.stop().finally(() => process.exit(0));
    });
  return undefined;
}

/** Which token callers must have at the moment. @throws Error where the files are no good at the start */
function tokens(required: string | undefined, optional: string | undefined): (() => string | undefined) | undefined {
  if (required !== undefined) {
    const token = readToken(required);
    return () => token;
  }
  if (optional === undefined) return undefined;
  let last = optionalToken(optional);
  return () => {
    try {
      // A token that was asked for once is asked for until there is another.
      last = optionalToken(optional) ?? last;
    } catch {
      // Somebody wants a token and wrote none that can be used: nobody has it.
      last ??= process.getBuiltinModule("node:crypto").randomUUID();
    }
    return last;
  };
}

function optionalToken(file: string): string | undefined {
  try {
    return readToken(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function readToken(file: string): string {
  const token = readFileSync(file, "utf8").trim();
  if (!/^[\x21-\x7e]{8,4096}$/.test(token)) throw new Error(`--token-file ${file}: a token is at least 8 visible letters without spaces`);
  return token;
}

/** The device of the default route (proc(5)), else the first that is not the loopback. */
function defaultInterface(): string {
  const lines = (file: string): string[][] => {
    try {
      return readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/[\s|:]+/));
    } catch {
      return [];
    }
  };
  const byRoute = lines("/proc/net/route").find(
    ([, destination, , , , , , mask]) => destination === "00000000" && mask === "00000000",
  )?.[0];
  const byRoute6 = lines("/proc/net/ipv6_route")
    .find((fields) => /^0{32}$/.test(fields[0] ?? "") && fields[1] === "00" && fields.at(-1) !== "lo")
    ?.at(-1);
  const first = lines("/proc/net/dev")
    .slice(2)
    .map(([device = ""]) => device)
    .find((device) => device !== "lo" && device !== "");
  const found = byRoute ?? byRoute6 ?? first;
  if (found === undefined) throw new Error("there is no network device but lo: name one with --interface");
  return found;
}
