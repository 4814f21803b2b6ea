// The part of GitHub's GraphQL schema that this server answers; names, types and nullability are GitHub's.
import { buildSchema } from "graphql";

/** https://docs.github.com/graphql/reference, cut down. A query for anything else is refused as GitHub refuses a field it does not have. */
export const schema = buildSchema(`
  scalar Base64String
  scalar DateTime
  scalar GitObjectID
  scalar GitTimestamp
  scalar URI

  enum RepositoryPermission { ADMIN MAINTAIN WRITE TRIAGE READ }
  enum RepositoryVisibility { PRIVATE PUBLIC INTERNAL }

  interface Node { id: ID! }
  interface Actor { login: String! }
  interface RepositoryOwner { login: String! }
  type User implements Node & Actor & RepositoryOwner { id: ID! login: String! }

  interface GitObject { id: ID! oid: GitObjectID! abbreviatedOid: String! repository: Repository! }

  type Blob implements Node & GitObject {
    id: ID! oid: GitObjectID! abbreviatedOid: String! repository: Repository!
    byteSize: Int! isBinary: Boolean isTruncated: Boolean! text: String
  }

  type TreeEntry { name: String! path: String oid: GitObjectID! size: Int! type: String! object: GitObject }
  type Tree implements Node & GitObject {
    id: ID! oid: GitObjectID! abbreviatedOid: String! repository: Repository!
    entries: [TreeEntry!]
  }

  type GitActor { name: String email: String date: GitTimestamp }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type CommitHistoryConnection { nodes: [Commit] totalCount: Int! pageInfo: PageInfo! }
  type CommitConnection { nodes: [Commit] totalCount: Int! }
  interface GitSignature { isValid: Boolean! wasSignedByGitHub: Boolean! }
  type GpgSignature implements GitSignature { isValid: Boolean! wasSignedByGitHub: Boolean! }

  type Commit implements Node & GitObject {
    id: ID! oid: GitObjectID! abbreviatedOid: String! repository: Repository!
    url: URI! commitUrl: URI! message: String! messageHeadline: String! messageBody: String!
    committedDate: DateTime! authoredDate: DateTime! author: GitActor committer: GitActor
    signature: GitSignature
    tree: Tree!
    parents(first: Int): CommitConnection!
    file(path: String!): TreeEntry
    history(first: Int, after: String, path: String): CommitHistoryConnection!
  }

  type Ref implements Node { id: ID! name: String! prefix: String! repository: Repository! target: GitObject }

  type Issue implements Node { id: ID! number: Int! title: String! body: String! viewerDidAuthor: Boolean! lastEditedAt: DateTime }

  type PullRequest implements Node { id: ID! number: Int! title: String! body: String! viewerDidAuthor: Boolean! lastEditedAt: DateTime }

  type Repository implements Node {
    id: ID! databaseId: Int name: String! nameWithOwner: String! owner: RepositoryOwner! url: URI!
    isPrivate: Boolean! isEmpty: Boolean! isArchived: Boolean! visibility: RepositoryVisibility!
    viewerPermission: RepositoryPermission
    defaultBranchRef: Ref
    ref(qualifiedName: String!): Ref
    object(expression: String, oid: GitObjectID): GitObject
    issue(number: Int!): Issue
    pullRequest(number: Int!): PullRequest
  }

  type RateLimit { cost: Int! limit: Int! remaining: Int! used: Int! resetAt: DateTime! }

  type Query {
    repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
    viewer: User!
    rateLimit(dryRun: Boolean = false): RateLimit
  }

  input CommittableBranch { branchName: String id: ID repositoryNameWithOwner: String }
  input CommitMessage { headline: String! body: String }
  input FileAddition { contents: Base64String! path: String! }
  input FileDeletion { path: String! }
  input FileChanges { additions: [FileAddition!] = [] deletions: [FileDeletion!] = [] }
  input CreateCommitOnBranchInput {
    branch: CommittableBranch! clientMutationId: String expectedHeadOid: GitObjectID!
    fileChanges: FileChanges message: CommitMessage!
  }
  type CreateCommitOnBranchPayload { clientMutationId: String commit: Commit ref: Ref }

  type Mutation {
    createCommitOnBranch(input: CreateCommitOnBranchInput!): CreateCommitOnBranchPayload
  }
`);
