// The part of GitHub's GraphQL schema that the tests' GitHub answers: fields by type.

/**
 * `npm run generate -- --github` cuts github-schema.graphql out of GitHub's own schema by this list.
 * Scalars, enums and input types follow by themselves.
 */
export const SERVED_FIELDS: Readonly<Record<string, string>> = {
  Query: "repository viewer rateLimit",
  Mutation: "createCommitOnBranch",
  CreateCommitOnBranchPayload: "clientMutationId commit ref",
  RateLimit: "cost limit remaining used resetAt",
  Node: "id",
  Actor: "login",
  RepositoryOwner: "login",
  User: "id login",
  Repository:
    "id databaseId name nameWithOwner owner url isPrivate isEmpty isArchived visibility viewerPermission defaultBranchRef ref object issue pullRequest",
  Issue: "id number title body viewerDidAuthor lastEditedAt",
  PullRequest: "id number title body viewerDidAuthor lastEditedAt",
  Ref: "id name prefix repository target",
  GitObject: "id oid abbreviatedOid repository",
  Blob: "id oid abbreviatedOid repository byteSize isBinary isTruncated text",
  Tree: "id oid abbreviatedOid repository entries",
  TreeEntry: "name path oid size type object",
  Commit:
    "id oid abbreviatedOid repository url commitUrl message messageHeadline messageBody committedDate authoredDate author committer signature tree parents file history",
  GitActor: "name email date",
  GitSignature: "isValid wasSignedByGitHub",
  GpgSignature: "isValid wasSignedByGitHub",
  CommitConnection: "nodes totalCount",
  CommitHistoryConnection: "nodes totalCount pageInfo",
  PageInfo: "hasNextPage endCursor",
};
