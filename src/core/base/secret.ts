// A value that must not be printed: it shows itself only to an explicit reveal().

const SHOWN = "[secret]";

/**
 * Wraps one secret value from the moment it exists. Every implicit way to turn it into text
 * (string conversion, JSON, `util.inspect`, template literals) gives `[secret]`.
 */
export class Secret {
  readonly #value: string;

  /** @param value the plaintext, UTF-8 when encoded; may be empty, since what arrives from outside must be judged first. */
  constructor(value: string) {
    this.#value = value;
  }

  /** The plaintext. Call it only where the value leaves for its destination, and search for this word when you audit. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}
