/** Warnings of one request, each once, in order. */
export class Warnings {
  readonly #texts = new Set<string>();
  readonly add = (text: string): void => {
    if (text !== "") this.#texts.add(text);
  };
  get texts(): readonly string[] {
    return [...this.#texts];
  }
}
