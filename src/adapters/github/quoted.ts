// Quoted text of others in an issue's body.

/** The text in one line, as plain data: GitHub makes no mention, link or markup of it. */
export function quoted(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#|~!@]/g, "\\$&").replace(/\s+/g, " ");
}
