//! The summary comment of a pull request: one for what is checked, brought up to date in place.

use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use super::error::ApiError;

/// A comment as it is listed.
#[derive(Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) body: Option<String>,
    user: Option<User>,
    author_association: Option<String>,
}

#[derive(Deserialize)]
struct User {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Comment {
    /// Whether it can be ours. Anybody can write our marks into a comment, to have us take it for our own and leave out the
    /// real one; those who could change the workflow itself gain nothing by it.
    pub(super) fn is_trusted(&self) -> bool {
        let is_bot = self.user.as_ref().and_then(|user| user.kind.as_deref()) == Some("Bot");
        let association = self.author_association.as_deref();
        is_bot || matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
    }
}

/// What became of the comment.
pub(super) enum Made {
    New,
    Updated,
    Same,
    /// There is nothing to say, and nothing was said before.
    Silent,
}

/// Brings the comment of `key` on pull request `number` to `text`. Where there is nothing to say none is begun.
pub(super) async fn publish(
    client: &Client,
    number: u64,
    key: &str,
    text: &str,
    has_something_to_say: bool,
) -> Result<Made, ApiError> {
    let mark = format!("<!-- dockgate:summary {key} -->");
    let body = format!("{mark}\n{text}");
    client
        .settle(async || {
            let route = format!("issues/{number}/comments");
            let comments: Vec<Comment> = client.list("looking for the summary comment", &route).await?;
            let is_ours =
                |c: &&Comment| c.is_trusted() && c.body.as_deref().is_some_and(|body| body.starts_with(&mark));
            match comments.iter().find(is_ours) {
                // GitHub keeps line ends as they are sent, but browsers send others when somebody edits.
                Some(comment) if comment.body.as_deref().map(|b| b.replace("\r\n", "\n")) == Some(body.clone()) => {
                    Ok(Made::Same)
                }
                Some(comment) => {
                    let route = format!("issues/comments/{}", comment.id);
                    client.set("updating the summary comment", &route, &json!({ "body": body })).await?;
                    Ok(Made::Updated)
                }
                None if !has_something_to_say => Ok(Made::Silent),
                None => {
                    let route = format!("issues/{number}/comments");
                    let made: Result<serde_json::Value, _> =
                        client.post("making the summary comment", &route, &json!({ "body": body })).await;
                    made.map(|_| Made::New)
                }
            }
        })
        .await
}
