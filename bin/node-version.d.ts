// The types of node-version.js, for its test.
export function refusalOfNode(version: string): string | null;
