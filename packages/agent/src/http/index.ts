/** The agent's HTTP API. */
export { Api, type ApiAnswer, type ApiRequest } from "./api.ts";
export { type ServerOptions, serve } from "./server.ts";
