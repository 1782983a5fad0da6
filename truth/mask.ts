// Values that differ from run to run become tokens numbered by first appearance, so that two runs can be compared.

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** The masks of one scenario, as the recordings have them. */
export class Mask {
  readonly #uids = new Map<string, string>();
  readonly #versions = new Map<string, string>();
  readonly #continues = new Map<string, string>();
  readonly #names: readonly (readonly [string, string])[];

  /** @param names texts and what stands for them, such as the scenario's namespace and `{ns}`. */
  constructor(names: readonly (readonly [string, string])[]) {
    this.#names = names;
  }

  text(value: string, key: string): string {
    if (TIME.test(value)) return "<time>";
    if (key === "uid" || UUID.test(value)) return token(this.#uids, "uid", value);
    if (key === "resourceVersion" && /^\d+$/.test(value) && value !== "0") return token(this.#versions, "rv", value);
    if (key === "clusterIP" && IPV4.test(value)) return "<ip>";
    if (key === "continue") return token(this.#continues, "continue", value);
    let text = value.replace(/(in record \()\d+|(current: )\d+/g, "$1$2<rv>");
    text = text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>");
    for (const [uid, masked] of this.#uids) if (uid.length > 20 && text.includes(uid)) text = text.replaceAll(uid, masked);
    for (const [name, masked] of this.#names) if (text.includes(name)) text = text.replaceAll(name, masked);
    return text;
  }

  value(value: unknown, key = ""): unknown {
    if (typeof value === "string") return this.text(value, key);
    if (Array.isArray(value)) {
      return value.map((item) =>
        key === "cells" && typeof item === "string" ? this.#cell(item) : this.value(item, key === "clusterIPs" ? "clusterIP" : key),
      );
    }
    if (value === null || typeof value !== "object") return value;
    const isColumn = "priority" in value && typeof value.priority === "number" && "format" in value;
    const masked: Record<string, unknown> = {};
    for (const [field, inner] of Object.entries(value))
      if (!(isColumn && field === "description")) masked[field] = this.value(inner, field);
    return masked;
  }

  #cell(text: string): string {
    if (/^\d+[smhd]$/.test(text)) return "<age>";
    if (/^10\.0\.0\.\d+$/.test(text)) return "<ip>";
    return this.text(text, "cells");
  }
}

function token(known: Map<string, string>, kind: string, value: string): string {
  let masked = known.get(value);
  if (masked === undefined) {
    masked = `<${kind}-${known.size + 1}>`;
    known.set(value, masked);
  }
  return masked;
}
