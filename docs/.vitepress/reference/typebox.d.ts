// Stands in for typebox while the reference is made: its names, with nothing behind them. TypeDoc writes its real types out
// in full wherever `t` mentions them, which takes minutes and gigabytes.
export interface TSchema {
  readonly schema?: unknown;
}
export type TProperties = Record<string, TSchema>;
export interface TObject<_P extends TProperties = TProperties> extends TSchema {}
export interface TString extends TSchema {}
export interface TInteger extends TSchema {}
export interface TNumber extends TSchema {}
export interface TBoolean extends TSchema {}
export interface TArray<_T extends TSchema = TSchema> extends TSchema {}
export interface TEnum<_V extends (string | number)[] = (string | number)[]> extends TSchema {}
export interface TLiteral<_V = unknown> extends TSchema {}
export interface TRecord<_K = unknown, _V = unknown> extends TSchema {}
export interface TUnion<_T extends TSchema[] = TSchema[]> extends TSchema {}
export interface TOptionalOf<_T = unknown> extends TSchema {}
export interface TUnsafe<_T = unknown> extends TSchema {}
export type TOptional<T> = T & TOptionalOf<T>;
export type Static<_T> = unknown;
export declare function Optional<T extends TSchema>(schema: T): TOptional<T>;
export declare function Record<K extends TSchema, V extends TSchema>(key: K, value: V): TRecord<K, V>;
