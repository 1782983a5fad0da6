/** Freezes an object and all that hangs on it; one whose root is frozen is not walked again. Only for trees, as JSON gives them. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) freezeTree(value);
  return value;
}

function freezeTree(node: object): void {
  Object.freeze(node);
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index++) {
      const child: unknown = node[index];
      if (typeof child === "object" && child !== null) freezeTree(child);
    }
    return;
  }
  const fields = node as Record<string, unknown>;
  for (const name in fields) {
    const child = fields[name];
    if (typeof child === "object" && child !== null) freezeTree(child);
  }
}
