// GET /: the record as a page for people.
import { pageEndpoint } from "../src/http/page/endpoint.ts";
import { pageResponse } from "../src/http/page/frame.ts";
import { page } from "../src/http/page/page.ts";
import { ENTRIES } from "../src/http/page/timeline.ts";
import { viewQuery } from "../src/http/page/view.ts";

export const config = { path: "/" };

export default pageEndpoint({
  method: "GET",
  path: config.path,
  summary: "The record as a page for people. It asks for the key if it needs one",
  scope: "read",
  input: viewQuery,
  async handle({ input, app, may }) {
    const record = await app();
    const overview = await record.overview(input.history * ENTRIES);
    return pageResponse(page(overview, input, { rotate: may("rotate") }, record.stale()));
  },
});
