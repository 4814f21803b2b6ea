import { expect, test } from "vitest";
import { cutGraphql, fieldsOf } from "./cut-graphql.ts";
import { cutOpenapi } from "./cut-openapi.ts";

const text = { type: "string", description: "A text", example: "a" };
const OPENAPI = JSON.stringify({
  paths: {
    "/notes/{id}": {
      put: {
        description: "Writes a note",
        parameters: [
          { $ref: "#/components/parameters/id" },
          {
            name: "draft",
            in: "query",
            required: true,
            schema: { type: "boolean", default: false },
          },
          { name: "title", in: "path", required: true, schema: text, "x-multi-segment": true },
        ],
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: {
                type: "object",
                properties: { description: text },
                required: ["description"],
              },
            },
          },
        },
        responses: {
          "200": {
            content: {
              "application/json": {
                schema: {
                  allOf: [
                    { $ref: "#/components/schemas/note" },
                    {
                      type: "object",
                      properties: { author: { $ref: "#/components/schemas/user" } },
                    },
                  ],
                },
              },
            },
          },
          "204": { description: "Nothing" },
          "404": { description: "Not found" },
        },
      },
      get: {
        responses: {
          "200": {
            content: {
              "application/json": { schema: { allOf: [{ oneOf: [{ type: "string" }] }] } },
            },
          },
        },
      },
    },
  },
  components: {
    parameters: { id: { name: "id", in: "path", required: true, schema: { type: "integer" } } },
    schemas: {
      note: { type: "object", title: "Note", properties: { id: text }, required: ["id"] },
      user: { type: "object", properties: { login: text }, required: ["login"] },
      other: text,
    },
  },
});

test("an operation's cut holds what a validator reads, and the schemas that it refers to", () => {
  const operation = {
    path: { id: { type: "integer" } },
    multi: ["title"],
    query: { draft: { type: "boolean" } },
    requiredQuery: ["draft"],
    body: {
      type: "object",
      properties: { description: { type: "string" } },
      required: ["description"],
    },
    bodyRequired: true,
    replies: {
      "200": [
        {
          type: "object",
          properties: { id: { type: "string" }, author: { $ref: "#/components/schemas/user" } },
        },
      ],
      "204": [],
    },
  };
  expect(JSON.parse(cutOpenapi(OPENAPI, ["PUT /notes/{id}"], "notes@1.0.0"))).toEqual({
    from: "notes@1.0.0",
    operations: { "PUT /notes/{id}": operation },
    schemas: { user: { type: "object", properties: { login: { type: "string" } } } },
  });
});

test("an operation that is not described, or that cannot be judged, has no cut", () => {
  const cut = (operation: string) => () => cutOpenapi(OPENAPI, [operation], "notes@1.0.0");
  expect(cut("PATCH /notes/{id}")).toThrow("GitHub describes no PATCH /notes/{id}");
  expect(cut("GET /notes/{id}")).toThrow("no schema with allOf");
});

const SDL = `
"A person" type User implements Node & Actor { id: ID! login: String! notes(first: Int, order: Order): [Note!]! }
interface Node { id: ID! }
interface Actor { login: String! }
input Order { by: Field! }
enum Field { AGE SIZE }
type Note { text: Text }
scalar Text
scalar Other
type Query { viewer: User! }
`;

test("fields are cut with their arguments, and the types that these need", () => {
  const cut = cutGraphql(SDL, {
    Query: "viewer",
    User: "id notes",
    Node: "id",
    Actor: "login",
    Note: "text",
  });
  expect(fieldsOf(cut)).toEqual([
    "Actor.login",
    "Node.id",
    "Note.text",
    "Query.viewer",
    "User.id",
    "User.notes",
  ]);
  expect(cut).toContain(
    "type User implements Node {\n  id: ID!\n  notes(first: Int, order: Order): [Note!]!\n}",
  );
  expect(cut).toContain("enum Field {\n  AGE\n  SIZE\n}");
  expect(cut).not.toMatch(/Other|person/);
});

test("a field that the schema lacks, or whose type is left out, has no cut", () => {
  expect(() => cutGraphql(SDL, { Query: "owner" })).toThrow("no Query.owner");
  expect(() => cutGraphql(SDL, { Owner: "id" })).toThrow("no type Owner");
  expect(() => cutGraphql(SDL, { Query: "viewer" })).toThrow(
    "a field has the type User, of which no field is asked for",
  );
});
