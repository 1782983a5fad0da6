import { settings } from "./settings.ts";

// CONFIG_PATH_LEGACY_CM=settings.json npm start -w examples/11-configuration; then edit the file.
const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
const bfe = await settings(process.env, stopping.signal);
console.log("starts with", JSON.stringify(bfe.value));
bfe.onChange((now) => console.log("goes on with", JSON.stringify(now)));
const running = setInterval(() => {}, 60_000);
stopping.signal.addEventListener("abort", () => clearInterval(running));
