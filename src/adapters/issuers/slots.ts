// Accounts that take turns: which of them may get the next password, and the mark that identifies a generation. Pure.
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { IssueRequest } from "../../core/ports/issuer.ts";

/** The note beside an account on the provider's side, which says whose password it has. */
export type Mark = {
  /** The id of this one password, so that no later one is taken for it. */
  readonly nonce: string;
  readonly label: string;
};

/** One account that may get a password. */
export type Slot = {
  readonly user: string;
  /** Null if no issuer of ours gave it its password, or if that password was ended. */
  readonly mark: Mark | null;
  /** Whether a login with it is possible now. */
  readonly open: boolean;
  /** Whether it is the administrator itself. */
  readonly own: boolean;
};

const REF = /^([0-9a-f]{32}):(.+)$/su;

/** A mark for a new password. */
export function newMark(label: string): Mark {
  return { nonce: crypto.randomUUID().replaceAll("-", ""), label };
}

/** The record's ref: one password of one account. */
export function refOf(user: string, { nonce }: Mark): string {
  return `${nonce}:${user}`;
}

/** The account and the password that a ref means. Null if no issuer of this kind made it. */
export function readRef(ref: string): { readonly nonce: string; readonly user: string } | null {
  const [, nonce, user] = REF.exec(ref) ?? [];
  return nonce === undefined || user === undefined ? null : { nonce, user };
}

/** Whether the slot still has the password that the ref means. */
export function holds({ user, mark }: Slot, ref: string): boolean {
  return mark !== null && refOf(user, mark) === ref;
}

/** The slots as declared. Throws `Misconfigured`: `user-missing`, `user-is-admin`, `users-repeated`. */
export function inOrder<Known extends Slot>(
  slots: readonly Known[],
  users: readonly string[],
  service: string,
): Known[] {
  return users.map((user, index) => {
    const slot = slots.find((one) => one.user === user);
    const name = JSON.stringify(user);
    if (slot === undefined) {
      const hint =
        "Create it with the rights that the application needs, as the issuer's page shows.";
      throw new Misconfigured(`${service} has no user ${name}`, { code: "user-missing", hint });
    }
    if (users.indexOf(user) !== index) {
      throw new Misconfigured(`the user ${name} is named twice`, {
        code: "users-repeated",
        hint: "Name each user once.",
      });
    }
    if (!slot.own) return slot;
    const hint =
      "Name the application's users. This issuer does not rotate the administrator's own password.";
    throw new Misconfigured(`the user ${name} is the administrator itself`, {
      code: "user-is-admin",
      hint,
    });
  });
}

/**
 * The slot for the next password. Its own password is never in use or waiting to be revoked, unless there is only one slot.
 * Throws `Unchanged` (`slots-full`) if all are in use; `Misconfigured` `user-taken` if another token has them, `record-behind`
 * if they hold a later generation than the record knows.
 */
export function chooseSlot<Chosen extends Slot>(
  slots: readonly Chosen[],
  request: Pick<IssueRequest, "tokenName" | "label" | "current" | "retiring">,
): Chosen {
  const { current, retiring } = request;
  const only = slots.length === 1;
  // Even without a mark, since consumers log in as that user.
  const live = current === null ? null : readRef(current)?.user;
  const free = slots.filter(
    (slot) => only || (slot.user !== live && !retiring.some((ref) => holds(slot, ref))),
  );
  if (free.length === 0) throw slotsFull(request, slots);
  const known = (slot: Slot) =>
    [current, ...retiring].some((ref) => ref !== null && holds(slot, ref));
  const complaints = free.map((slot) => (known(slot) ? null : complaintAbout(slot, request)));
  const ours = free.filter((_, index) => complaints[index] === null);
  // Closed ones first. While the record knows of none in use, the first in the list may be in use, so it comes last.
  const chosen = ours.find(({ open }) => !open) ?? (current === null ? ours.at(-1) : ours[0]);
  if (chosen !== undefined) return chosen;
  throw complaints.find((complaint) => complaint !== null) ?? slotsFull(request, slots);
}

function complaintAbout(
  { user, mark }: Slot,
  { tokenName, label }: Pick<IssueRequest, "tokenName" | "label">,
): Misconfigured | null {
  if (mark === null) return null;
  const [ours, theirs] = [partsOf(label), partsOf(mark.label)];
  if (ours.owner !== theirs.owner) {
    return new Misconfigured(
      `the user ${JSON.stringify(user)} has a password that was issued for ${mark.label}, not for ${tokenName}`,
      {
        code: "user-taken",
        hint: "Give each token users of its own. If nothing uses that password any more, remove the mark as the issuer's page says.",
      },
    );
  }
  if (theirs.generation < ours.generation) return null;
  return new Misconfigured(
    `the user ${JSON.stringify(user)} has the password of generation ${theirs.generation}, which this record does not know`,
    {
      code: "record-behind",
      hint: "The record was lost or set back. Restore the newest one. If nothing uses that password, remove the mark as the issuer's page says.",
    },
  );
}

function partsOf(label: string): { readonly owner: string; readonly generation: number } {
  const [, owner, generation] = /^(.*)\/g(\d+)$/s.exec(label) ?? [];
  return { owner: owner ?? label, generation: Number(generation ?? 0) };
}

function slotsFull(
  { tokenName }: Pick<IssueRequest, "tokenName">,
  slots: readonly Slot[],
): Unchanged {
  const users = slots.map(({ user }) => JSON.stringify(user)).join(", ");
  return new Unchanged(
    `every user of ${tokenName} (${users}) has a password that is in use or not revoked yet`,
    {
      code: "slots-full",
      hint: "Wait until overlap_hours are over and the old password is revoked. Or make overlap_hours shorter than the interval, or add a user.",
    },
  );
}
