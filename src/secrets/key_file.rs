//! Key files: by name, then by what is in them.

use std::io::Read;
use std::sync::{LazyLock, OnceLock};

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::sinks::Bytes;
use grep_searcher::{BinaryDetection, SearcherBuilder};
use regex::bytes::RegexSet;

use crate::rule::{self, Confidence, KeyFile};

use super::names::Names;
use super::{KeyHit, keystore, private_key};

/// Bytes of a file that are looked at to confirm its kind.
pub const HEAD: u64 = 64 << 10;

/// Bytes of a file that tell whether it begins as a keystore does.
pub const START: usize = 64;

/// The kinds, compiled.
struct Kinds {
    /// One regular expression for every path glob of every kind, and the kind each belongs to.
    names: Names,
    /// Likewise for the globs that are not meant.
    exceptions: Names,
    /// By kind: what confirms it, compiled when a file first has a name of the kind; `None` where the name is proof.
    contents: Vec<OnceLock<Option<Content>>>,
}

/// What confirms a kind.
struct Content {
    /// Patterns of a line.
    lines: RegexMatcher,
    /// Patterns of binary data, held against the head as a whole: `^` is its first byte.
    magic: RegexSet,
}

/// How a pattern of binary data starts.
const BINARY: &str = "(?s-u)";

static KINDS: LazyLock<Kinds> = LazyLock::new(|| Kinds {
    names: Names::new(rule::key_files().iter().map(|file| file.paths)),
    exceptions: Names::new(rule::key_files().iter().map(|file| file.except)),
    contents: rule::key_files().iter().map(|_| OnceLock::new()).collect(),
});

impl Content {
    fn new(file: &KeyFile) -> Result<Option<Self>, Box<dyn std::error::Error>> {
        if file.content.is_empty() {
            return Ok(None);
        }
        let (magic, lines): (Vec<&str>, Vec<&str>) = file.content.iter().partition(|p| p.starts_with(BINARY));
        let lines = RegexMatcherBuilder::new().line_terminator(Some(b'\n')).build_many(&lines)?;
        Ok(Some(Self { lines, magic: RegexSet::new(&magic)? }))
    }

    /// The line of what confirms it.
    fn confirm(&self, bytes: &[u8]) -> Option<u64> {
        if self.magic.is_match(bytes) {
            return Some(1);
        }
        let mut found = None;
        let sink = Bytes(|line, _| {
            found = Some(line);
            Ok(false)
        });
        let mut searcher = SearcherBuilder::new().binary_detection(BinaryDetection::none()).line_number(true).build();
        searcher.search_slice(&self.lines, bytes, sink).ok()?;
        found
    }
}

/// The kinds whose name `path` has, in the catalogue's order.
fn candidates(path: &str) -> Vec<usize> {
    let mut kinds = KINDS.names.matching(path);
    if !kinds.is_empty() {
        let exceptions = KINDS.exceptions.matching(path);
        kinds.retain(|kind| !exceptions.contains(kind));
    }
    kinds
}

/// The first kind whose name `path` (`/`-separated) has; its content may say otherwise, see [`classify`].
pub fn key_file(path: &str) -> Option<&'static KeyFile> {
    candidates(path).first().and_then(|kind| rule::key_files().get(*kind))
}

/// Whether a file of this name that begins so, with [`START`] bytes or all it has, may be a key file: by its name, or by what it
/// begins with.
pub fn may_be_key_file(path: &str, start: &[u8]) -> bool {
    key_file(path).is_some() || by_content(path, start).is_some()
}

/// The kind of a keystore that is called something else, unless its name is one that its kind leaves out.
fn by_content(path: &str, start: &[u8]) -> Option<usize> {
    let id = keystore::kind(start)?;
    let index = rule::key_files().iter().position(|kind| kind.id == id)?;
    (!KINDS.exceptions.matching(path).contains(&index)).then_some(index)
}

/// Whether `path` is a key file: the first kind whose name it has and whose content, where the kind has any, its first
/// [`HEAD`] bytes confirm; keystores by content alone. Keys that everybody has are none, and no more is a keystore that holds
/// certificates alone. A file that cannot be read is a hit of low confidence.
pub fn classify(path: &str, head: &mut dyn Read) -> Option<KeyHit> {
    let mut candidates = candidates(path);
    let mut bytes = Vec::new();
    if candidates.is_empty() {
        head.take(START as u64).read_to_end(&mut bytes).ok()?;
        candidates.extend(by_content(path, &bytes));
        if candidates.is_empty() {
            return None;
        }
    }
    let rest = HEAD.saturating_sub(bytes.len() as u64);
    let is_unread = head.take(rest).read_to_end(&mut bytes).is_err() && bytes.is_empty();
    let is_published = private_key::are_all_known(&bytes);
    candidates.into_iter().find_map(|index| {
        let kind = rule::key_files().get(index)?;
        if is_published && kind.content.iter().any(|pattern| pattern.contains("PRIVATE KEY")) {
            return None;
        }
        if keystore::has_only_certificates(&bytes) && keystore::KINDS.contains(&kind.id) {
            return None;
        }
        let is_encrypted = is_encrypted(&bytes);
        // That every kind compiles is a test.
        match KINDS.contents.get(index)?.get_or_init(|| Content::new(kind).ok().flatten()) {
            None => Some(KeyHit { kind, line: None, confidence: kind.confidence, is_encrypted }),
            Some(_) if is_unread => Some(KeyHit { kind, line: None, confidence: Confidence::Low, is_encrypted }),
            Some(content) => {
                let line = content.confirm(&bytes)?;
                Some(KeyHit { kind, line: Some(line), confidence: kind.confidence, is_encrypted })
            }
        }
    })
}

/// Whether the armour of a private key says that it is under a passphrase.
fn is_encrypted(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // The base64 of `openssh-key-v1\0`, then that of a cipher named `none`.
    let openssh = text.split("b3BlbnNzaC1rZXktdjEA").nth(1).map(|rest| !rest.starts_with("AAAABG5vbmU"));
    let pem = || text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED");
    let putty = || text.starts_with("PuTTY-User-Key-File-") && text.contains("\nEncryption: aes");
    openssh.unwrap_or_else(|| pem() || putty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::names::regex_of;
    use super::*;

    fn hit(path: &str, content: &[u8]) -> Option<(&'static str, Option<u64>)> {
        classify(path, &mut &*content).map(|hit| (hit.kind.id, hit.line))
    }

    fn pem(label: &str) -> String {
        format!("# mine\n-----BEGIN {label}PRIVATE KEY-----\nMIIE\n")
    }

    #[test]
    fn every_pattern_compiles() {
        for file in rule::key_files() {
            assert!(Content::new(file).is_ok(), "{}", file.id);
            for glob in file.paths.iter().chain(file.except) {
                assert!(regex::Regex::new(&regex_of(glob)).is_ok(), "{glob}");
            }
        }
        assert!(KINDS.names.len() > 100);
    }

    #[test]
    fn private_keys_are_told_from_their_public_halves() {
        let (key, certificate) = (pem("RSA "), "-----BEGIN CERTIFICATE-----\nMIID\n");
        assert_eq!(hit("home/me/.ssh/id_rsa", key.as_bytes()), Some(("ssh-private-key", Some(2))));
        assert_eq!(hit("deploy_ed25519", pem("OPENSSH ").as_bytes()), Some(("ssh-private-key", Some(2))));
        assert_eq!(hit("etc/ssh/ssh_host_rsa_key", key.as_bytes()), Some(("ssh-host-key", Some(2))));
        assert_eq!(hit("tls/SERVER.KEY", pem("").as_bytes()), Some(("private-key", Some(2))));
        assert_eq!(hit("tls/server.pem", certificate.as_bytes()), None);
        assert_eq!(hit("id_rsa.pub", b"ssh-rsa AAAA me"), None);
        assert_eq!(hit("id_rsa.pub", key.as_bytes()), None);
        assert_eq!(hit("translations.key", b"hello=world"), None);
    }

    #[test]
    fn binary_stores_are_known_by_their_first_bytes() {
        assert_eq!(hit("a.p12", b"\x30\x82\x0a\x00\x02\x01\x03\x30\x82"), Some(("pkcs12-bundle", Some(1))));
        assert_eq!(hit("a.jks", b"\xFE\xED\xFE\xED\x00\x00"), Some(("java-keystore", Some(1))));
        assert_eq!(hit("a.der", b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01"), Some(("der-private-key", Some(1))));
        assert_eq!(hit("a.der", b"\x30\x82\x04\xa4\x30\x82"), None);
        assert_eq!(hit("app.sqlite3", b"SQLite format 3\0"), Some(("sqlite-database", Some(1))));
        assert_eq!(hit("a.p12", b"not one"), None);
    }

    #[test]
    fn keystores_are_known_whatever_they_are_called() {
        let jks =
            [&b"\xFE\xED\xFE\xED\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x01a"[..], &[0; 80]].concat();
        assert_eq!(hit("conf/identity.dat", &jks), Some(("java-keystore", Some(1))));
        assert_eq!(hit("lib/security/cacerts", &jks), None);
        assert_eq!(hit("conf/notes.txt", b"\xFE\xED\xFE\xEDtext"), None);
        assert!(may_be_key_file("x", &jks[..START]) && !may_be_key_file("x", b"text"));
    }

    #[test]
    fn keys_that_everybody_has_are_none() {
        // Of the tests of a library that reads web tokens.
        let known = ["MC4CAQAwBQYDK2VwBCIEIGrD", "/e7uKYqSY4twDEsRfMMuLSrODf14dpTiTK6K1YI0"].concat();
        let text = |key: &str| format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        assert_eq!(hit("server.key", text(&known).as_bytes()), None);
        let other = known.replace("Rf", "Rg");
        assert_eq!(hit("server.key", text(&other).as_bytes()), Some(("private-key", Some(1))));
        assert!(hit("server.key", (text(&known) + &text(&other)).as_bytes()).is_some(), "one of them is not");
    }

    #[test]
    fn credentials_need_a_value_and_templates_have_none() {
        let cases: [(&str, &str, Option<&str>); 26] = [
            (".npmrc", "registry=https://r.test\n", None),
            (".npmrc", "//r.test/:_authToken=${NPM_TOKEN}\n", None),
            ("app/.npmrc", "//r.test/:_authToken=q3TxWz9k\n", Some("npmrc")),
            (".env", "NODE_ENV=production\n", Some("dotenv")),
            (".env", "# nothing\n", None),
            (".env.production", "DB_PASSWORD='q3TxWz9k'\n", Some("dotenv-secrets")),
            ("prod.env", "URL=postgres://a:q3TxWz9k@db/a\n", Some("dotenv-secrets")),
            (".env.example", "DB_PASSWORD=q3TxWz9k\n", None),
            (".env", "DB_PASSWORD=${DB_PASSWORD}\n", Some("dotenv")),
            (".aws/credentials", "[default]\naws_secret_access_key = q3\n", Some("aws-credentials")),
            (".docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"ZGVwbG95OnEz\"}}}", Some("docker-config")),
            (".docker/config.json", "{\"credsStore\":\"pass\"}", None),
            (".git-credentials", "https://u:q3TxWz9k@git.test\n", Some("git-credentials")),
            ("root/.netrc", "machine h\nlogin l\npassword q3TxWz9k\n", Some("netrc")),
            (".kube/config", "users:\n- user:\n    client-key-data: LS0tLS1C\n", Some("kubeconfig")),
            ("a.tfstate", "{\n  \"version\": 4,\n  \"terraform_version\": \"1.9\"\n", Some("terraform-state")),
            ("sa.json", "\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n", Some("gcp-service-account-key")),
            ("package.json", "{}", None),
            (".pgpass", "db:5432:*:app:q3TxWz9k\n", Some("pgpass")),
            ("config/master.key", "0123456789abcdef0123456789abcdef", Some("rails-master-key")),
            ("wp-config.php", "define( 'DB_PASSWORD', 'q3TxWz9k' );", Some("wordpress-config")),
            ("dump.sql", "-- MySQL dump 10.13\n", Some("database-dump")),
            ("schema.sql", "CREATE TABLE a (b int);\n", None),
            ("client.ovpn", "client\n<key>\n-----BEGIN PRIVATE KEY-----\n", Some("vpn-config")),
            ("etc/shadow", "root:*:1:0:::::\n", None),
            ("etc/shadow", "root:$6$ab$cd:1:0:::::\n", Some("shadow")),
        ];
        for (path, content, expected) in cases {
            assert_eq!(hit(path, content.as_bytes()).map(|(id, _)| id), expected, "{path}: {content}");
        }
        assert_eq!(hit("vault.kdbx", b""), Some(("password-database", None)));
        assert_eq!(key_file("a/.vault-token").map(|k| k.id), Some("vault-token"));
        assert_eq!(key_file("README.md").map(|k| k.id), None);
    }

    #[test]
    fn a_passphrase_is_seen_in_the_armour() {
        let encrypted = |text: &str| classify("id_rsa", &mut text.as_bytes()).unwrap().is_encrypted;
        let openssh = |cipher: &str| format!("{}b3BlbnNzaC1rZXktdjEA{cipher}\n", pem("OPENSSH "));
        assert!(!encrypted(&openssh("AAAABG5vbmUAAAAEbm9uZQ").replace("MIIE\n", "")));
        assert!(encrypted(&openssh("AAAACmFlczI1Ni1jdHI").replace("MIIE\n", "")));
        assert!(encrypted(&pem("ENCRYPTED ")));
        assert!(!encrypted(&pem("RSA ")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_guess_by_name() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::PermissionDenied.into())
            }
        }
        let hit = classify("id_rsa", &mut Broken).unwrap();
        assert_eq!((hit.confidence, hit.line), (Confidence::Low, None));
    }

    #[test]
    fn clients_leave_sessions_and_servers_keys_in_files_of_known_names() {
        let cases: [(&str, &[u8], Option<&str>); 34] = [
            (".aws/sso/cache/ab.json", b"{\"accessToken\": \"q3TxWz9kLmN4\"}", Some("aws-session-cache")),
            ("client_secret_1.json", b"{\"client_secret\":\"q3TxWz9kLmN4\"}", Some("google-oauth-client")),
            (".config/doctl/config.yaml", b"access-token: q3TxWz9kLmN4bV\n", Some("cloud-client-config")),
            (".config/doctl/config.yaml", b"access-token: \"\"\n", None),
            (".pulumi/credentials.json", b"{\"accessTokens\": {}}", Some("pulumi-credentials")),
            (".sentryclirc", b"[auth]\ntoken=q3TxWz9kLmN4\n", Some("pipeline-client-config")),
            (".cache/huggingface/token", b"hf_qTxWzkLmNbVcXsDfGhJpRtYuI", Some("model-hub-token")),
            (".claude/.credentials.json", b"{\"accessToken\":\"q3TxWz9kLmN4\"}", Some("coding-agent-credentials")),
            (".snowsql/config", b"[connections]\npassword = q3TxWz9k\n", Some("warehouse-client-config")),
            (".snowsql/config", b"[connections]\n#password = <password>\n", None),
            (".subversion/auth/svn.simple/1a", b"K 8\npassword\nV 8\nq3TxWz9k\n", Some("subversion-credentials")),
            (".msmtprc", b"account a\npassword q3TxWz9k\n", Some("mail-client-password")),
            ("etc/postfix/sasl_passwd", b"[mail.test]:587 me:q3TxWz9k\n", Some("mail-client-password")),
            (".smbcredentials", b"username=me\npassword=q3TxWz9k\n", Some("samba-credentials")),
            ("etc/wpa_supplicant.conf", b"network={\n  psk=\"q3TxWz9k\"\n", Some("wireless-key")),
            ("etc/ipsec.secrets", b"# none\n: PSK \"q3TxWz9k\"\n", Some("vpn-secrets")),
            ("etc/ipsec.secrets", b"# none\n", None),
            ("etc/bind/rndc.key", b"key \"a\" {\n  secret \"cTNUeFd6OWtMbU40\";\n", Some("dns-key")),
            ("filezilla/sitemanager.xml", b"<Pass encoding=\"base64\">cTM=</Pass>", Some("file-transfer-sites")),
            ("desk.rdp", b"full address:s:a\npassword 51:b:01000000D08C\n", Some("remote-desktop-password")),
            (".erlang.cookie", b"QTXWZKLMNBVCXSDFGHJP", Some("erlang-cookie")),
            ("tmp/krb5cc_1000", b"\x05\x04\x00\x0c", Some("kerberos-ticket-cache")),
            ("etc/security/opasswd", b"root:0:1:$6$a$b\n", Some("old-password-hashes")),
            ("wallet/cwallet.sso", b"\xA1\xF8\x4E\x36", Some("oracle-wallet")),
            ("profile/logins.json", b"{\"logins\":[{\"encryptedPassword\":\"MDo\"}]}", Some("browser-passwords")),
            ("profile/logins.json", b"{\"logins\":[]}", None),
            ("prod.tfplan", b"PK\x03\x04", Some("terraform-plan")),
            ("config/secrets.yml", b"production:\n  api_token: q3TxWz9kLm\n", Some("framework-secrets")),
            ("config/secrets.yml", b"production:\n  api_token: <%= ENV['A'] %>\n", None),
            ("application-prod.yml", b"spring:\n  password: q3TxWz9k\n", Some("spring-config")),
            ("application.properties", b"db.password=${DB_PASSWORD}\n", None),
            ("appsettings.json", b"\"Db\": \"Server=a;Password=q3TxWz9k;\"", Some("dotnet-config")),
            ("appsettings.json", b"\"Db\": \"Server=a;Integrated Security=true\"", None),
            ("login.har", b"{\"name\": \"Cookie\", \"value\": \"a=b\"}", Some("http-archive")),
        ];
        for (path, content, expected) in cases {
            assert_eq!(hit(path, content).map(|(id, _)| id), expected, "{path}");
        }
        let age = ["AGE-SECRET-", "KEY-1", &"QPZRY9X8GF2TVDW0".repeat(4)].concat();
        assert_eq!(hit("sops/age/keys.txt", age.as_bytes()), Some(("age-key", Some(1))));
        let minisign = b"untrusted comment: minisign encrypted secret key\nRWRTY0Iy\n";
        assert_eq!(hit("minisign.key", minisign), Some(("minisign-key", Some(1))));
    }
}
