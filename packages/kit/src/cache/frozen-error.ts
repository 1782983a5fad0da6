/** V8's messages of writes to frozen objects and lists. */
const FROZEN = /^Cannot (assign to read only property|delete property|redefine property|define property|add property .*not extensible)/;
const COPY_IT = "Objects from the cache are frozen, since others read them too: copy it first, with structuredClone(object)";

/**
 * Says in a TypeError that a write to a frozen object caused where such objects come from. Changes the error's message and the
 * first line of its stack; any other error is left as it is.
 */
export function explainFrozen(error: unknown): void {
  if (!(error instanceof TypeError) || !FROZEN.test(error.message) || error.message.includes(COPY_IT)) return;
  const { message, stack } = error;
  error.message = `${message}. ${COPY_IT}`;
  if (stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
}
