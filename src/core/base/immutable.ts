// Types of data that is only read.

/** The type with every member read-only, at every depth. */
export type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;
