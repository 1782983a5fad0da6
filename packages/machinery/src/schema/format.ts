// Formats of strings that the API server checks (go-openapi/strfmt), by name. Others are not checked.
import { isIP } from "node:net";

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}$/i;
const date = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(z|([+-]\d\d:\d\d))$/i.test(text) && !Number.isNaN(Date.parse(text)),
  date,
  duration: (text) =>
    /^[+-]?(\d+(\.\d*)?\s*(ns|nano|us|µs|micro|ms|milli|s|sec|second|m|min|minute|h|hr|hour|d|day|w|wk|week)s?\s*)+$|^\d+$/.test(text),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  cidr: (text) =>
    /^[^/]+\/\d{1,3}$/.test(text) &&
    isIP(text.split("/")[0]!) !== 0 &&
    Number(text.split("/")[1]) <= (isIP(text.split("/")[0]!) === 4 ? 32 : 128),
  uuid: (text) => UUID.test(text),
  uri: (text) => URL.canParse(text) || text.startsWith("/"),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  hostname: (text) =>
    text.length <= 255 && /^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(text),
  mac: (text) => /^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/.test(text),
  password: () => true,
};

/** Whether a text has a format; texts of unknown formats do. */
export function hasFormat(format: string, text: string): boolean {
  return formats[format]?.(text) ?? true;
}
