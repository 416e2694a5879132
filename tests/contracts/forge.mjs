// forge.mjs DESCRIPTION PORT: a GitHub that keeps what is written to it. Requests and answers are validated by the simulator against
// GitHub's description; what is kept, and what is refused for reasons that no schema states, is below. GET /_kept shows it, POST /_mode
// sets {"deny": true} or {"fail": {"status", "times", "headers"}}.
import fs from "node:fs";
import zlib from "node:zlib";
import { simulation } from "@simulacrum/github-api-simulator";

const [, , description, port] = process.argv;
const api = JSON.parse(fs.readFileSync(description, "utf8"));
const patch = "@@ -1,2 +1,3 @@\n FROM debian\n-RUN true\n+RUN sudo true\n+EXPOSE 22";
const shown = new Set([1, 2, 3]);
const kept = { comments: [], reviews: [], checks: [], uploads: [], refused: 0 };
let mode = {};

// GitHub's own example of an answer, to be filled in.
function example(route, method, status) {
  const content = api.paths[`/repos/{owner}/{repo}${route}`][method].responses[status].content["application/json"];
  const [first] = Object.values(content.examples);
  const value = first.$ref ? api.components.examples[first.$ref.split("/").at(-1)].value : first.value;
  return structuredClone(value);
}
const bot = { type: "Bot", login: "github-actions[bot]" };
const authored = (answer, body) => ({ ...answer, ...body, user: { ...answer.user, ...bot }, author_association: "NONE" });

// A write, unless the mode says otherwise.
const write = (act) => async (context, request, response) => {
  if (mode.fail?.times > 0) {
    mode.fail.times -= 1;
    kept.refused += 1;
    return response.status(mode.fail.status).set(mode.fail.headers ?? {}).json({ message: mode.fail.message ?? "no" });
  }
  if (mode.deny) {
    kept.refused += 1;
    return response.status(403).json({ message: "Resource not accessible by integration" });
  }
  return act(context, response);
};
const invalid = (response, message) => response.status(422).json({ message: "Unprocessable Entity", errors: [message] });
const isShown = ({ path, line, start_line }) => {
  const first = start_line ?? line;
  if (path !== "Dockerfile" || first > line || (start_line !== undefined && first === line)) return false;
  return Array.from({ length: line - first + 1 }, (_, i) => first + i).every((n) => shown.has(n));
};
const of = (list, id) => list.find((item) => item.id === Number(id));
const edit = (list, parameter) =>
  write((context, response) => {
    const item = of(list(), context.request.params[parameter]);
    if (!item) return response.status(404).json({ message: "Not Found" });
    item.body = context.request.requestBody.body;
    return { status: 200, json: item };
  });
const lineComments = () => kept.reviews.flatMap((review) => review.comments);

const app = simulation({
  initialState: { users: [], organizations: [], repositories: [], branches: [], blobs: [] },
  extend: {
    openapiHandlers: () => ({
      "issues/list-comments": async () => ({ status: 200, json: kept.comments }),
      "issues/create-comment": write(({ request }) => {
        const comment = authored(example("/issues/{issue_number}/comments", "post", 201), request.requestBody);
        comment.id = kept.comments.length + 1;
        kept.comments.push(comment);
        return { status: 201, json: comment };
      }),
      "issues/update-comment": edit(() => kept.comments, "comment_id"),
      "pulls/list-files": async () => {
        const file = { ...example("/pulls/{pull_number}/files", "get", 200)[0], filename: "Dockerfile", patch };
        return { status: 200, json: [file] };
      },
      "pulls/list-review-comments": async () => ({ status: 200, json: lineComments() }),
      "pulls/update-review-comment": edit(lineComments, "comment_id"),
      "pulls/create-review": write(({ request }, response) => {
        const comments = request.requestBody.comments ?? [];
        if (!comments.every(isShown)) return invalid(response, "Pull request review thread line must be part of the diff");
        const answer = example("/pulls/{pull_number}/comments", "get", 200)[0];
        const made = comments.map((comment, i) => ({ ...authored(answer, comment), id: lineComments().length + i + 1 }));
        kept.reviews.push({ body: request.requestBody.body, comments: made });
        const review = example("/pulls/{pull_number}/reviews", "post", 200);
        return { status: 200, json: { ...review, id: kept.reviews.length } };
      }),
      "checks/list-for-ref": async (context) => {
        const name = context.request.query.check_name;
        const runs = kept.checks.filter((check) => check.name === name);
        return { status: 200, json: { total_count: runs.length, check_runs: runs } };
      },
      "checks/create": write(({ request }) => {
        const { output, ...rest } = request.requestBody;
        const check = { ...example("/check-runs", "post", 201), ...rest, id: kept.checks.length + 1 };
        check.output = { ...check.output, title: output.title, summary: output.summary, annotations_count: 0 };
        check.annotations = [];
        annotate(check, output);
        kept.checks.push(check);
        return { status: 201, json: check };
      }),
      "checks/update": write(({ request }, response) => {
        const check = of(kept.checks, request.params.check_run_id);
        if (!check) return response.status(404).json({ message: "Not Found" });
        annotate(check, request.requestBody.output);
        check.status = request.requestBody.status ?? check.status;
        check.conclusion = request.requestBody.conclusion ?? check.conclusion;
        return { status: 200, json: check };
      }),
      "code-scanning/upload-sarif": write(({ request }) => {
        kept.uploads.push(request.requestBody);
        return { status: 202, json: { id: `47177e22-5596-11eb-80a1-c1e54ef945c${kept.uploads.length}` } };
      }),
      "code-scanning/list-recent-analyses": async () => ({ status: 200, json: kept.uploads.map(analysis).reverse() }),
      "code-scanning/get-analysis": async ({ request }) => ({
        status: 200,
        json: report(kept.uploads[Number(request.params.analysis_id) - 1]),
      }),
      "code-scanning/get-sarif": async () => ({ status: 200, json: { processing_status: "complete" } }),
    }),
    extendRouter: (router) => {
      router.get("/_kept", (_request, response) => response.json(kept));
      router.post("/_mode", (request, response) => response.json((mode = structuredClone(request.body ?? {}))));
    },
  },
});

function report(upload) {
  return JSON.parse(zlib.gunzipSync(Buffer.from(upload.sarif, "base64")));
}
function analysis(upload, index) {
  const [run] = report(upload).runs;
  const tool = { ...example("/code-scanning/analyses", "get", 200)[0].tool, name: "dockgate", version: run.tool.driver.semanticVersion };
  const own = { id: index + 1, ref: upload.ref, commit_sha: upload.commit_sha, category: run.automationDetails.id, error: "", tool };
  return { ...example("/code-scanning/analyses", "get", 200)[0], ...own };
}
function annotate(check, output) {
  check.annotations.push(...(output?.annotations ?? []));
  check.output.annotations_count = check.annotations.length;
}
await app.listen(Number(port), "127.0.0.1");
console.log("up");
