// The agent's server over a kernel that is a model, as a process of its own: prints its port.
import { Faults } from "../src/faults.ts";
import { Api, serve } from "../src/http/index.ts";
import { Device } from "../src/kernel/index.ts";
import { StateFolder } from "../src/store/index.ts";
import { ModelKernel } from "./model-kernel.ts";

const [folder = "", token] = process.argv.slice(2);
const kernel = new ModelKernel();
const device = new Device({
  name: "eth0",
  run: (command) => {
    // What is remembered of commands is the test's memory, not the agent's.
    kernel.log.length = 0;
    return kernel.run(command);
  },
  marks: true,
  spared: { port: 2332, addresses: [] },
});
const faults = new Faults({ device, state: new StateFolder(folder) });
const { port } = await serve({ api: new Api(faults, device), port: 0, host: "127.0.0.1", ...(token ? { token: () => token } : {}) });
console.log(port);
