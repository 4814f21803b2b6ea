// The statuses of a token's health, and which is worse.

/** Every status, from the mildest to the worst: the order of `--fail-on`. */
export const HEALTH_STATUSES = [
  "recently_rotated",
  "ok",
  "should_rotate",
  "never_rotated",
  "unknown",
  "needs_rotation",
  "failing",
  "high_risk",
] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** The status's position in `HEALTH_STATUSES`: the greater, the worse. */
export function severity(status: HealthStatus): number {
  return HEALTH_STATUSES.indexOf(status);
}

/** Whether a status is as bad as the threshold or worse. No status is not. */
export function statusAtLeast(status: HealthStatus | null, threshold: HealthStatus): boolean {
  return status !== null && severity(status) >= severity(threshold);
}
