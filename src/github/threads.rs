//! Threads of review comments: resolved when their finding is gone, open again when it comes back. Only GraphQL can do that, and only
//! for tokens that may write to the repository; without it the comment's text has to say it alone.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::error::ApiError;

/// Pages of threads that are read, a hundred threads each.
const PAGES: usize = 20;

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { reviewThreads(first: 100, after: $after) { \
    pageInfo { hasNextPage endCursor } nodes { id isResolved comments(first: 1) { nodes { body } } } } } } }";
const RESOLVE: &str =
    "mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }";
const REOPEN: &str =
    "mutation($thread: ID!) { unresolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Threads {
    page_info: PageInfo,
    nodes: Vec<Thread>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    is_resolved: bool,
    comments: Comments,
}

#[derive(Deserialize)]
struct Comments {
    nodes: Vec<Body>,
}

#[derive(Deserialize)]
struct Body {
    body: String,
}

/// Brings the threads of pull request `number` to what `wanted` says of their first comment: resolved, open, or `None` for
/// as it is.
pub(super) async fn bring(client: &Client, number: u64, wanted: impl Fn(&str) -> Option<bool>) -> Result<(), ApiError> {
    let doing = "resolving threads";
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let variables = json!({ "number": number, "after": after });
        let mut answer: Value = client.query(doing, THREADS, variables).await?;
        let threads = answer.pointer_mut("/repository/pullRequest/reviewThreads").map(Value::take).unwrap_or_default();
        let threads: Threads = serde_json::from_value(threads).map_err(|e| ApiError::unreadable(doing, &e))?;
        for thread in threads.nodes {
            let Some(first) = thread.comments.nodes.first() else { continue };
            match wanted(&first.body) {
                Some(true) if !thread.is_resolved => {
                    client.mutate(doing, RESOLVE, json!({ "thread": thread.id })).await?;
                }
                Some(false) if thread.is_resolved => {
                    client.mutate(doing, REOPEN, json!({ "thread": thread.id })).await?;
                }
                _ => {}
            }
        }
        after = threads.page_info.end_cursor.filter(|_| threads.page_info.has_next_page);
        if after.is_none() {
            break;
        }
    }
    Ok(())
}
