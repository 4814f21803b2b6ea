// How a plan is put to people on GitHub, wherever they are asked: found again before it is put once more, and known by its words.
import { Unchanged } from "../../core/base/errors.ts";
import type { Approval, ApprovalRequest, Approvals } from "../../core/ports/approvals.ts";
import type { GitHubClient } from "../github/client.ts";
import { toFailure } from "../github/errors.ts";

export type GitHubApprovalsOptions = {
  readonly client: () => Promise<GitHubClient>;
  readonly repository: string;
};

/** An open question, where it stands. */
export type Found = { readonly number: number; readonly url: string };

/** What differs from one place to ask in to another. */
export type PlaceToAsk = {
  /** In words, as `issue`. */
  readonly what: string;
  readonly permission: string;
  /** The open question about that plan, if this service put it and nobody changed it. */
  readonly find: (github: GitHubClient, digest: string) => Promise<Found | null>;
  readonly whoApproved: (github: GitHubClient, number: number) => Promise<string | null>;
  /** Gives its address. */
  readonly open: (github: GitHubClient, request: ApprovalRequest) => Promise<string>;
  readonly close: (github: GitHubClient, number: number, digest: string) => Promise<unknown>;
};

/** Approvals in one place on GitHub. They throw `Failure` where GitHub cannot be asked: what could not be told is no approval. */
export function approvalsIn(
  place: PlaceToAsk,
  { client, repository }: GitHubApprovalsOptions,
): Approvals {
  async function asked<Result>(
    doing: string,
    act: (github: GitHubClient) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await act(await client());
    } catch (error) {
      throw toFailure(error, `${doing} in ${repository}`, place.permission);
    }
  }

  async function look(github: GitHubClient, digest: string): Promise<Approval | null> {
    const found = await place.find(github, digest);
    return found === null
      ? null
      : { url: found.url, approvedBy: await place.whoApproved(github, found.number) };
  }

  return {
    find: (digest) => asked("look for the approval of a plan", (github) => look(github, digest)),
    request: (request) =>
      asked("ask for the approval of a plan", async (github): Promise<Approval> => {
        const found = await look(github, request.digest);
        return found ?? { url: await place.open(github, request), approvedBy: null };
      }),
    close: (digest) =>
      asked(`close the ${place.what} of a plan`, async (github) => {
        const found = await place.find(github, digest);
        if (found === null)
          throw new Unchanged(`the plan's ${place.what} is gone`, { code: "plan-missing" });
        await place.close(github, found.number, digest);
      }),
  };
}
