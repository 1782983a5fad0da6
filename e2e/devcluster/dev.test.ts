import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { kubectlFor } from "../kubectl.ts";
import { command, outrigger } from "../outrigger.ts";

let folder: string;
let running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-dev-"));
});
afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

function startDev(...args: string[]): { child: ChildProcess; output: () => string; kubeconfig: string; ready: () => Promise<unknown> } {
  const kubeconfig = join(folder, "kubeconfig");
  const readyFile = join(folder, "ready");
  const child = spawn(process.execPath, [command, "dev", "--kubeconfig", kubeconfig, "--ready-file", readyFile, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  const ready = () =>
    eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`outrigger dev ended with ${child.exitCode}: ${output}`);
        return existsSync(readyFile);
      },
      { timeoutMs: 60_000 },
    );
  return { child, output: () => output, kubeconfig, ready };
}

describe("outrigger dev", () => {
  test("writes a kubeconfig that only its owner can read, says how to use it, and takes it away at SIGTERM", async () => {
    const dev = startDev("--bare");
    await dev.ready();
    expect(statSync(dev.kubeconfig).mode & 0o777).toBe(0o600);
    expect(dev.output()).toContain(`export KUBECONFIG=${dev.kubeconfig}`);
    expect(await kubectlFor(dev.kubeconfig)("get", "--raw", "/readyz")).toBe("ok");
    dev.child.kill("SIGTERM");
    const [code] = (await once(dev.child, "exit")) as [number];
    expect(code).toBe(0);
    expect(existsSync(dev.kubeconfig)).toBe(false);
    expect(existsSync(join(folder, "ready"))).toBe(false);
  });

  test("says in one line that its port is in use, and exits 1", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    try {
      const { exitCode, stderr } = await outrigger(["dev", "--bare", "--port", String(port), "--kubeconfig", join(folder, "kubeconfig")]);
      expect(exitCode).toBe(1);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
      expect(existsSync(join(folder, "kubeconfig"))).toBe(false);
    } finally {
      taken.close();
    }
  });

  test("says in one line that the kubeconfig cannot be written, and exits 1", async () => {
    writeFileSync(join(folder, "file"), "");
    const { exitCode, stderr } = await outrigger(["dev", "--bare", "--kubeconfig", join(folder, "file", "kubeconfig")]);
    expect(exitCode).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/cannot write .*--kubeconfig/);
  });

  test("says in one line that its ready file cannot be written, takes the kubeconfig away, and exits 1", async () => {
    const kubeconfig = join(folder, "kubeconfig");
    const { exitCode, stderr } = await outrigger(["dev", "--bare", "--kubeconfig", kubeconfig, "--ready-file", "/dev/full"]);
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe("outrigger: cannot write /dev/full (the disk is full): choose another place with --ready-file FILE");
    expect(existsSync(kubeconfig)).toBe(false);
  });

  test("leaves a kubeconfig of other clusters as it is, says so in one line, and exits 1", async () => {
    const file = join(folder, "kubeconfig");
    const production = "clusters:\n- name: production\n  cluster: {server: https://prod.example.com}\n";
    writeFileSync(file, production);
    const { exitCode, stderr } = await outrigger(["dev", "--bare", "--kubeconfig", file]);
    expect(exitCode).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(`${file} holds something else than a devcluster's kubeconfig`);
    expect(readFileSync(file, "utf8")).toBe(production);
  });

  test("takes the place of a kubeconfig that a killed one left, and takes its own away though kubectl has written in it", async () => {
    const killed = startDev("--bare");
    await killed.ready();
    killed.child.kill("SIGKILL");
    await once(killed.child, "exit");
    rmSync(join(folder, "ready"));
    const dev = startDev("--bare");
    await dev.ready();
    await kubectlFor(dev.kubeconfig)("config", "set-context", "--current", "--namespace=kube-system");
    dev.child.kill("SIGTERM");
    await once(dev.child, "exit");
    expect(existsSync(dev.kubeconfig)).toBe(false);
  });

  test("takes the tokens of a file in kube-apiserver's form, and says in one line what is wrong with such a file", async () => {
    const tokens = join(folder, "tokens.csv");
    writeFileSync(tokens, 'secret-1,carol,u-1,"system:masters,testers"\nsecret-2,dave,u-2\n');
    const dev = startDev("--bare", "--token-auth-file", tokens);
    await dev.ready();
    const kubectl = kubectlFor(dev.kubeconfig);
    // The certificate of the kubeconfig would come first.
    const who = (token: string) => {
      writeFileSync(join(folder, "by-token"), readFileSync(dev.kubeconfig, "utf8").replace(/client-(certificate|key)-data: .*/g, ""));
      return kubectlFor(join(folder, "by-token"))("auth", "whoami", "--token", token, "-o", "jsonpath={.status.userInfo}");
    };
    expect(JSON.parse(await who("secret-1"))).toMatchObject({
      username: "carol",
      uid: "u-1",
      groups: ["system:masters", "testers", "system:authenticated"],
    });
    expect(JSON.parse(await who("secret-2"))).toMatchObject({ username: "dave", groups: ["system:authenticated"] });
    await expect(who("secret-3")).rejects.toThrow("Unauthorized");
    expect(await kubectl("get", "--raw", "/readyz")).toBe("ok");

    writeFileSync(tokens, "secret-1,carol\n");
    const { exitCode, stderr } = await outrigger(["dev", "--bare", "--kubeconfig", join(folder, "other"), "--token-auth-file", tokens]);
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe(`outrigger: ${tokens}: record 1 must have at least 3 columns (token, user name, user uid), found 2`);
  });

  test("refuses a port that is no port", async () => {
    const { exitCode, stderr } = await outrigger(["dev", "--port", "banana"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("a port is a whole number from 0 to 65535");
  });

  test("--once keeps every promise and exits 0", async () => {
    const { exitCode, stdout, stderr } = await outrigger(["dev", "--once", "--kubeconfig", join(folder, "kubeconfig")]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/NAMESPACE\s+POD\s+READY\s+CONTAINERS/);
    expect(stdout).toMatch(/start: \d+ passed, 0 failed/);
    expect(exitCode).toBe(0);
  });

  test("--once names the promise that is broken and exits 1", async () => {
    const { exitCode, stdout, stderr } = await outrigger(["dev", "--once", "--kubeconfig", join(folder, "kubeconfig")], {
      env: { "io.contiv.network": "vlan-9" },
    });
    expect(stdout).toContain("BROKEN  nginx-test carries io.contiv.network=vlan-202");
    expect(stderr).toContain('label io.contiv.network is "vlan-9", not "vlan-202"');
    expect(exitCode).toBe(1);
  });

  test("a manager that is killed is started again", async () => {
    const dev = startDev("--no-quickstart");
    await dev.ready();
    const kubectl = kubectlFor(dev.kubeconfig);
    const manager = await managerOf(dev.child.pid!);
    process.kill(manager, "SIGKILL");
    await eventually(() => /the manager ended \(SIGKILL\).*starting it again/.test(dev.output()));
    await eventually(async () => (await managerOf(dev.child.pid!)) !== manager);
    await eventually(
      async () =>
        (await kubectl.try("create", "sidecarset", "x")).exitCode !== 0 && (await kubectl.try("run", "after", "--image=i")).exitCode === 0,
    );
  });
});

/** The process id of the manager: the child that runs `outrigger run`. */
async function managerOf(pid: number): Promise<number> {
  const { execFileSync } = await import("node:child_process");
  return eventually(() => {
    const lines = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" })
      .trim()
      .split("\n");
    const found = lines.find((line) => / run /.test(line));
    return found ? Number.parseInt(found.trim(), 10) : undefined;
  });
}
