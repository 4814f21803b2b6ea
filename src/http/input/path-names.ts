// Names in a route's path: `:name` in a segment of its own.

/** The names, in their order. */
export function pathNames(path: string): string[] {
  return path.split("/").flatMap((segment) => (segment.startsWith(":") ? [segment.slice(1)] : []));
}

/** The path with values in place of its names. A missing value is empty, which the route refuses. */
export function fillPath(path: string, given: (name: string) => string): string {
  return path
    .split("/")
    .map((segment) =>
      segment.startsWith(":") ? encodeURIComponent(given(segment.slice(1))) : segment,
    )
    .join("/");
}
