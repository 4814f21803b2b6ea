// The question for approval of a plan on GitHub: looked for before it is asked, and known by its words.
import { Unchanged } from "../../core/base/errors.ts";
import type { Approval, ApprovalRequest, Approvals } from "../../core/ports/approvals.ts";
import type { GitHubClient } from "../github/client.ts";
import { toFailure } from "../github/errors.ts";

export type GitHubApprovalsOptions = {
  readonly client: () => Promise<GitHubClient>;
  readonly repository: string;
};

/** An open question, and its address. */
export type Found = { readonly number: number; readonly url: string };

/** The differences between an issue and a pull request. */
export type PlaceToAsk = {
  /** The kind in words, as `issue`. */
  readonly what: string;
  readonly permission: string;
  /** The open question about that plan, if this service asked it and it was not changed. */
  readonly find: (github: GitHubClient, digest: string) => Promise<Found | null>;
  readonly whoApproved: (github: GitHubClient, number: number) => Promise<string | null>;
  /** Returns its address. */
  readonly open: (github: GitHubClient, request: ApprovalRequest) => Promise<string>;
  readonly close: (github: GitHubClient, number: number, digest: string) => Promise<unknown>;
};

/** Approvals in one place on GitHub. They throw `Failure` if GitHub cannot be asked, since no answer is no approval. */
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
