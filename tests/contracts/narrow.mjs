// narrow.mjs DESCRIPTION OUT: GitHub's description of its REST API with only the routes that `publish` calls and what they refer to,
// so that a mock starts in a second rather than in a minute. Answers are given under GitHub's own media type as well.
import fs from "node:fs";

const [, , from, to] = process.argv;
const api = JSON.parse(fs.readFileSync(from, "utf8"));
const repository = "/repos/{owner}/{repo}";
const routes = [
  "/check-runs",
  "/check-runs/{check_run_id}",
  "/commits/{ref}/check-runs",
  "/pulls/{pull_number}",
  "/pulls/{pull_number}/files",
  "/pulls/{pull_number}/comments",
  "/pulls/{pull_number}/reviews",
  "/pulls/comments/{comment_id}",
  "/issues/{issue_number}/comments",
  "/issues/comments/{comment_id}",
  "/code-scanning/analyses",
  "/code-scanning/analyses/{analysis_id}",
  "/code-scanning/sarifs",
  "/code-scanning/sarifs/{sarif_id}",
].map((route) => repository + route);

const narrow = { openapi: api.openapi, info: api.info, servers: api.servers, paths: {}, components: {} };
const open = [];
for (const route of routes) {
  if (!api.paths[route]) throw new Error(`the description has no ${route}`);
  narrow.paths[route] = api.paths[route];
  open.push(api.paths[route]);
}
while (open.length > 0) {
  for (const [key, value] of Object.entries(open.pop())) {
    if (key === "$ref" && typeof value === "string" && value.startsWith("#/components/")) {
      const [, , section, name] = value.split("/");
      narrow.components[section] ??= {};
      if (!(name in narrow.components[section])) {
        narrow.components[section][name] = api.components[section][name];
        open.push(narrow.components[section][name]);
      }
    } else if (value !== null && typeof value === "object") {
      open.push(value);
    }
  }
}
const responses = [...Object.values(narrow.paths), ...Object.values(narrow.components.responses ?? {})]
  .flatMap((item) => (item.content ? [item] : Object.values(item).flatMap((operation) => Object.values(operation?.responses ?? {}))));
for (const { content } of responses) {
  if (content?.["application/json"]) content["application/vnd.github.v3+json"] ??= content["application/json"];
}
fs.writeFileSync(to, JSON.stringify(narrow));
