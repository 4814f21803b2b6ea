// Text of others in an issue's body.

/** The text as GitHub shows it and no more, in one line: it is data, and no mention, link or markup comes of it. */
export function quoted(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#|~!@]/g, "\\$&").replace(/\s+/g, " ");
}
