//! Why a registry or engine did not give what was asked for, in words that hold no address with a secret in it.

use std::error::Error;

/// It did not work out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) struct Failure {
    pub(in crate::image) kind: FailureKind,
    /// In words, as the end of a sentence.
    pub(in crate::image) reason: String,
    /// What to do about it.
    pub(in crate::image) hint: Option<String>,
}

/// What kind of failure it is, where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::image) enum FailureKind {
    /// There is no such thing.
    Absent,
    /// The certificate is not trusted.
    Certificate,
    /// Nobody is there.
    Unreachable,
    /// Another attempt may go better.
    Passing,
    /// Another attempt will go the same way.
    Lasting,
}

impl Failure {
    pub(in crate::image) fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), hint: None }
    }

    pub(in crate::image) fn lasting(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Lasting, reason)
    }

    pub(in crate::image) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let (is_timeout, is_redirect, is_builder) = (error.is_timeout(), error.is_redirect(), error.is_builder());
        // Addresses can carry signatures and passwords.
        let error = error.without_url();
        let mut causes = vec![error.to_string()];
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if causes.last() != Some(&text) && causes.len() < 8 {
                causes.push(text);
            }
            source = cause.source();
        }
        // A name that leads nowhere, a port where nobody listens, a server that does not speak TLS.
        let is_one_of = |words: &[&str]| causes.iter().any(|cause| words.iter().any(|word| cause.contains(word)));
        let is_unreachable = is_one_of(&["dns error", "refused"]);
        let is_lasting = is_redirect || is_builder || is_one_of(&["InvalidContentType"]);
        // The last one says what happened, the others which layer it passed through.
        let cause = causes.pop().unwrap_or_default();
        let kind = match () {
            () if cause.contains("certificate") => FailureKind::Certificate,
            () if is_lasting => FailureKind::Lasting,
            () if is_unreachable => FailureKind::Unreachable,
            () => FailureKind::Passing,
        };
        let reason = if is_timeout { "it does not answer in time".to_owned() } else { cause };
        Self::new(kind, reason)
    }
}
