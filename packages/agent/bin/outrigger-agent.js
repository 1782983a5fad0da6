#!/usr/bin/env node
import { main } from "../dist/main.js";

try {
  const code = await main(process.argv.slice(2));
  if (code !== undefined) process.exit(code);
} catch (error) {
  console.error(
    `outrigger-agent: ${error.code === "EADDRINUSE" ? `port ${error.port} is in use: choose another with --port` : error.message}`,
  );
  process.exit(1);
}
