// Conditional types over schemas: what a writer states and a reader gets. Kept in this one file.
import type { Static, TArray, TObject, TSchema } from "typebox";

declare const hasDefault: unique symbol;
/** A schema with a default: optional for the writer, present for the reader. */
export type Defaulted<T extends TSchema> = T & { readonly [hasDefault]?: true };
/** Optional for the writer, always there for the reader: the API server fills it in, and the defaults within it as well. */
export function withDefault<T extends TSchema>(schema: T, value: Input<T>): Defaulted<T> {
  return { ...schema, default: value };
}
type Simplify<T> = { [K in keyof T]: T[K] } & {};
type DefaultedKeys<P> = { [K in keyof P]: typeof hasDefault extends keyof P[K] ? K : never }[keyof P];
type InputOf<P, K> = K extends keyof P ? (P[K] extends TSchema ? Input<P[K]> : never) : never;
/** The writer's view of a schema: defaulted fields optional, at each depth of objects and lists. */
export type Input<T extends TSchema> =
  T extends TObject<infer P>
    ? Simplify<
        { [K in keyof Static<T> as K extends DefaultedKeys<P> ? never : K]: InputOf<P, K> } & {
          [K in keyof Static<T> as K extends DefaultedKeys<P> ? K : never]?: InputOf<P, K>;
        }
      >
    : T extends TArray<infer I>
      ? Input<I>[]
      : Static<T>;
