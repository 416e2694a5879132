//! What a registry asks for when it answers 401: the `WWW-Authenticate` header, RFC 9110 11.6.1 and the token
//! specification of the distribution project.

/// How the registry wants to know who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The best of the challenges in these headers: a token is worth less to a thief than a password.
    pub(super) fn of<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        let mut best = None;
        for challenge in headers.flat_map(challenges) {
            match challenge {
                Self::Bearer { .. } => return Some(challenge),
                Self::Basic => best = Some(challenge),
            }
        }
        best
    }
}

/// The challenges of a header that are understood.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut rest = header.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == ',').unwrap_or(rest.len());
        let (scheme, after) = rest.split_at(end);
        let (parameters, after) = parameters(after);
        let value = |name: &str| {
            parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        if scheme.eq_ignore_ascii_case("basic") {
            found.push(Challenge::Basic);
        } else if scheme.eq_ignore_ascii_case("bearer")
            && let Some(realm) = value("realm")
        {
            found.push(Challenge::Bearer { realm, service: value("service"), scope: value("scope") });
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    found
}

/// The `key=value` pairs at the start of a text, and what follows them: the next challenge.
fn parameters(text: &str) -> (Vec<(&str, String)>, &str) {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        let at = rest.trim_start_matches([',', ' ', '\t']);
        let end = at.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))).unwrap_or(at.len());
        let (key, after) = at.split_at(end);
        let Some(value) = after.trim_start().strip_prefix('=').filter(|_| !key.is_empty()) else {
            return (found, rest);
        };
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = value.find([',', ' ', '\t']).unwrap_or(value.len());
                let (value, after) = value.split_at(end);
                (value.to_owned(), after)
            }
        };
        found.push((key, value));
        rest = after;
    }
}

fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) })
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let of = |headers: &[&str]| Challenge::of(headers.iter().copied());
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        assert_eq!(
            of(&[hub]),
            bearer("https://auth.docker.io/token", Some("registry.docker.io"), Some("repository:a/b:pull,push"))
        );
        assert_eq!(of(&[r#"Basic realm="Registry Realm""#]), Some(Challenge::Basic));
        assert_eq!(of(&["basic realm=x", "BEARER Realm=http://x/t"]), bearer("http://x/t", None, None));
        assert_eq!(of(&[r#"Basic realm="a, b=c", Bearer realm="r\"q" , service=s"#]), bearer("r\"q", Some("s"), None));
        assert_eq!(of(&["Negotiate", "Bearer service=s", ""]), None);
        assert_eq!(of(&["Negotiate, Basic"]), Some(Challenge::Basic));
        assert_eq!(of(&[r#"Bearer realm="never ends"#]), bearer("never ends", None, None));
    }
}
