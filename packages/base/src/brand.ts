declare const tag: unique symbol;

/** A plain value that the compiler keeps apart from others of its kind. */
export type Brand<T, Name extends string> = T & { readonly [tag]: Name };

type Plain<B> = B extends string ? string : B extends number ? number : B extends bigint ? bigint : never;

/** The one place where a plain value becomes a branded one; check it before. */
export function brand<B extends Brand<string | number | bigint, string>>(value: Plain<B>): B {
  return value as unknown as B;
}
