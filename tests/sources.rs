//! The same image from archives, engines and registries: the report is the same, byte for byte, but for the name.
//!
//! Engines and registries are the real ones. Where one is not installed or does not start, its test says so and is skipped;
//! with `DOCKGATE_REQUIRE_SERVERS` set it fails instead.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;

const ARCHIVE: &str = "fixtures/aic-secret/image.tar";
const NAME: &str = "dockgate-fixture/aic-secret:1";

/// A server that ends with its test.
pub(crate) struct Server {
    process: Child,
    _folder: Option<TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Engines stop what they have started when they are asked to.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        for _ in 0..100 {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Says why a test is skipped, unless skipping is not allowed.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("DOCKGATE_REQUIRE_SERVERS").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

pub(crate) fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("{command:?}: {errors}"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts a server and waits until `is_up`.
fn start(command: &mut Command, log: &Path, is_up: impl Fn() -> bool) -> Result<Server, String> {
    let file = fs::File::create(log).map_err(|e| e.to_string())?;
    let errors = file.try_clone().map_err(|e| e.to_string())?;
    let process = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
    let mut server = Server { process: process.map_err(|e| format!("{command:?}: {e}"))?, _folder: None };
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if is_up() {
            return Ok(server);
        }
        if matches!(server.process.try_wait(), Ok(Some(_))) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    Err(format!("{command:?} does not start: {}", said.lines().last().unwrap_or_default()))
}

/// A run of the command on an image, in a clean environment: exit code, standard output, standard error.
fn gate(image: &str, args: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dockgate"))
        .env_clear()
        .env("HOME", home.path())
        .envs(environment.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["gate", image, "--dockerfile", "fixtures/aic-secret/Dockerfile"])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// All that is said of an image, its name left out: where it is (`image`), and what it is called there (`prefix`).
fn reports(image: &str, prefix: &str, args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let formats = ["text", "json", "sarif", "table"];
    let report = |format: &&str| {
        let all: Vec<&str> = args.iter().copied().chain(["--format", format]).collect();
        let (code, report, errors) = gate(image, &all, environment);
        assert_eq!(code, Some(1), "{image}: {errors}");
        let mut report = report.replace(image, "IMAGE");
        if !prefix.is_empty() {
            report = report.replace(prefix, "");
        }
        // A table is as wide as the name in it.
        if *format == "table" {
            report.split_inclusive([' ', '-']).filter(|run| run.len() > 1).collect()
        } else {
            report
        }
    };
    formats.iter().map(report).collect()
}

fn of_archive() -> Vec<String> {
    let reports = reports(&format!("docker-archive:{ARCHIVE}"), "", &[], &[]);
    assert!(reports[1].contains(NAME) && reports[1].contains("/root/.ssh/id_rsa"), "{}", reports[1]);
    reports
}

#[test]
fn a_docker_engine_gives_the_archives_report() {
    if !is_installed("dockerd") || !is_installed("docker") {
        return skip("docker is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let socket = at("docker.sock");
    let host = format!("unix://{socket}");
    let mut command = Command::new("dockerd");
    command.args(["--host", &host, "--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")]);
    command.args(["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]);
    command.args(["--storage-driver", "vfs"]);
    let docker = |args: &[&str]| run(Command::new("docker").env("DOCKER_HOST", &host).args(args));
    let server = match start(&mut command, &folder.path().join("log"), || docker(&["version"]).is_ok()) {
        Ok(server) => server,
        Err(why) => return skip(&why),
    };
    docker(&["load", "-i", ARCHIVE]).unwrap();
    let engine: &[(&str, &str)] = &[("DOCKER_HOST", &host)];
    let expected = of_archive();
    assert_eq!(reports(&format!("docker-daemon:{NAME}"), "", &[], engine), expected);
    // The name alone finds it, and says where.
    let (code, report, errors) = gate(NAME, &["--format", "json"], engine);
    let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let named = format!("\"image\": \"{NAME}\"");
    let (report, archive) = (read(&report.replace(&named, "\"image\": \"IMAGE\"")), read(&expected[1]));
    assert_eq!((code, &report["findings"]), (Some(1), &archive["findings"]), "{errors}");
    let notes = report["notes"].to_string();
    assert!(notes.contains(&format!("`{NAME}` was read from the Docker engine at {socket}")), "{notes}");
    // A context of Docker's client leads to it as well.
    let context = tempfile::tempdir().unwrap();
    let config = context.path().display().to_string();
    run(Command::new("docker").env("DOCKER_CONFIG", &config).args([
        "context",
        "create",
        "far",
        "--docker",
        &format!("host={host}"),
    ]))
    .unwrap();
    let (code, ..) =
        gate(&format!("docker-daemon:{NAME}"), &[], &[("DOCKER_CONFIG", &config), ("DOCKER_CONTEXT", "far")]);
    assert_eq!(code, Some(1));
    let (code, report, errors) = gate("docker-daemon:no/such:image", &[], engine);
    assert_eq!((code, report.as_str()), (Some(2), ""));
    // Long lines are broken for the terminal.
    let told = errors.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(told.contains("no/such:image in Docker") && told.contains("No such image"), "{errors}");
    drop(server);
}

#[test]
fn podman_gives_the_archives_report() {
    if !is_installed("podman") {
        return skip("podman is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let socket = at("podman.sock");
    let podman = || {
        let mut command = Command::new("podman");
        command.args([
            "--root",
            &at("root"),
            "--runroot",
            &at("run"),
            "--storage-driver",
            "vfs",
            "--cgroup-manager",
            "cgroupfs",
        ]);
        command.env("XDG_RUNTIME_DIR", folder.path());
        command
    };
    if let Err(why) = run(podman().args(["load", "-i", ARCHIVE])) {
        return skip(&why);
    }
    let mut command = podman();
    command.args(["system", "service", "--time=0", &format!("unix://{socket}")]);
    let server = match start(&mut command, &folder.path().join("log"), || Path::new(&socket).exists()) {
        Ok(server) => server,
        Err(why) => return skip(&why),
    };
    let host = format!("unix://{socket}");
    // Podman calls names without a registry its own.
    let engine: &[(&str, &str)] = &[("CONTAINER_HOST", &host)];
    assert_eq!(reports(&format!("podman:{NAME}"), "localhost/", &[], engine), of_archive());
    drop(server);
}

/// A registry on loopback, with its images in a folder.
pub(crate) fn registry(folder: &Path, extra: serde_json::Value) -> Result<(Server, String), String> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
    let host = format!("127.0.0.1:{port}");
    let mut config = json!({
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": folder.join("images")}},
        "http": {"addr": host},
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        match (config.get_mut(key).and_then(|old| old.as_object_mut()), value.as_object()) {
            (Some(old), Some(new)) => old.extend(new.clone()),
            _ => config[key] = value.clone(),
        }
    }
    let file = folder.join(format!("{port}.yml"));
    // JSON is YAML.
    fs::write(&file, config.to_string()).map_err(|e| e.to_string())?;
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(&file);
    let log = folder.join(format!("{port}.log"));
    let server = start(&mut command, &log, || TcpStream::connect(&host).is_ok())?;
    Ok((server, host))
}

/// A registry without any lock, with the image in it; `None` when the test is skipped.
fn filled(folder: &Path) -> Option<(Server, String)> {
    for program in ["docker-registry", "skopeo", "openssl", "htpasswd"] {
        if !is_installed(program) {
            skip(&format!("{program} is not installed"));
            return None;
        }
    }
    let (server, host) = match registry(folder, json!({})) {
        Ok(started) => started,
        Err(why) => {
            skip(&why);
            return None;
        }
    };
    let mut copy = Command::new("skopeo");
    copy.args([
        "--insecure-policy",
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        &format!("docker-archive:{ARCHIVE}"),
    ]);
    run(copy.arg(format!("docker://{host}/{NAME}"))).unwrap();
    Some((server, host))
}

#[test]
fn a_registry_gives_the_archives_report() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_server, host)) = filled(folder.path()) else { return };
    let expected = of_archive();
    for transport in ["registry:", "docker://"] {
        let image = format!("{transport}{host}/{NAME}");
        assert_eq!(reports(&image, &format!("{host}/"), &[], &[]), expected);
    }
    // Archives and folders of the same image as the registry has it.
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (kind, image) in [("oci", "oci:layout"), ("oci", "oci-archive:layout.tar"), ("dir", "dir:dir")] {
        let (transport, name) = image.split_once(':').unwrap();
        let image = format!("{transport}:{}", at(name));
        let mut copy = Command::new("skopeo");
        copy.args([
            "--insecure-policy",
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            &format!("docker://{host}/{NAME}"),
        ]);
        run(copy.arg(&image)).unwrap();
        let (code, json, errors) = gate(&image, &["--format", "json"], &[]);
        assert_eq!(code, Some(1), "{kind} {image}: {errors}");
        let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
        assert_eq!(read(&json.replace(&image, "IMAGE"))["findings"], read(&expected[1])["findings"], "{image}");
    }
    let (code, _, errors) = gate(&format!("registry:{host}/no/such"), &[], &[]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("manifest unknown") || errors.contains("no such image"), "{errors}");
    // A name says all that was tried.
    let nowhere = [("DOCKER_HOST", "unix:///nowhere.sock"), ("CONTAINER_HOST", "unix:///nowhere.sock")];
    let (code, _, errors) = gate(&format!("{host}/no/such"), &[], &nowhere);
    let told = errors.replace(['\n', '│', ' '], "");
    assert_eq!(code, Some(2));
    for word in ["nofileordirectory", "Docker:/nowhere.sock", "Podman:/nowhere.sock", &format!("theregistry{host}")] {
        assert!(told.contains(word), "{word}: {errors}");
    }
    assert_eq!(gate(&format!("{host}/{NAME}"), &[], &nowhere).0, Some(1));
}

/// An authority of our own, and a certificate of it for loopback: `ca.crt`, `server.crt`, `server.key`.
fn certificates(folder: &Path) {
    let openssl = |args: &[&str]| run(Command::new("openssl").current_dir(folder).args(args)).unwrap();
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca = ["req", "-x509", "-days", "2", "-subj", "/CN=our own authority", "-keyout", "ca.key", "-out", "ca.crt"];
    openssl(&[&ca[..], &key[..]].concat());
    let request = ["req", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr"];
    openssl(&[&request[..], &key[..]].concat());
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(&[
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "server.csr",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-set_serial",
        "1",
        "-extfile",
        "names",
        "-out",
        "server.crt",
    ]);
}

/// The file of logins with one for a registry.
fn login(folder: &Path, host: &str, password: &str) -> String {
    let auth = STANDARD.encode(format!("me:{password}"));
    fs::write(folder.join("config.json"), json!({"auths": {host: {"auth": auth}}}).to_string()).unwrap();
    folder.display().to_string()
}

#[test]
fn a_registry_behind_tls_and_a_password_gives_the_archives_report() {
    let folder = tempfile::tempdir().unwrap();
    let Some((plain, _)) = filled(folder.path()) else { return };
    drop(plain);
    certificates(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let passwords = run(Command::new("htpasswd").args(["-Bbn", "me", "pass-of-mine"])).unwrap();
    fs::write(folder.path().join("passwords"), passwords).unwrap();
    let extra = json!({
        "http": {"tls": {"certificate": at("server.crt"), "key": at("server.key")}},
        "auth": {"htpasswd": {"realm": "here", "path": at("passwords")}},
    });
    let (_server, host) = registry(folder.path(), extra).unwrap();
    let image = format!("registry:{host}/{NAME}");
    let ca = at("ca.crt");
    let trusted = ["--registry-ca", ca.as_str()];

    let (code, _, errors) = gate(&image, &[], &[]);
    let told = errors.replace(['\n', '│', ' '], "");
    assert!(code == Some(2) && told.contains("UnknownIssuer") && told.contains("--registry-ca"), "{errors}");
    let (code, _, errors) = gate(&image, &["--insecure-registry", &host], &[]);
    assert_eq!(code, Some(2), "a bad certificate does not become plain http: {errors}");
    let (code, _, errors) = gate(&image, &trusted, &[]);
    assert!(code == Some(2) && errors.contains("docker login"), "{errors}");

    let logins = login(folder.path(), &host, "pass-of-yours");
    let (code, _, errors) = gate(&image, &trusted, &[("DOCKER_CONFIG", &logins)]);
    assert!(code == Some(2) && errors.replace(['\n', '│', ' '], "").contains("refusesthecredentials"), "{errors}");
    let encoded = STANDARD.encode("me:pass-of-yours");
    assert!(!errors.contains("pass-of") && !errors.contains(&encoded), "{errors}");

    let logins = login(folder.path(), &host, "pass-of-mine");
    let found = reports(&image, &format!("{host}/"), &trusted, &[("DOCKER_CONFIG", &logins)]);
    assert_eq!(found, of_archive());
    // The folders Docker has for authorities, and Podman's file of logins.
    let certs = folder.path().join("certs.d").join(&host);
    fs::create_dir_all(&certs).unwrap();
    fs::copy(&ca, certs.join("ca.crt")).unwrap();
    let file = format!("{logins}/config.json");
    let environment = [("DOCKER_CONFIG", logins.as_str()), ("REGISTRY_AUTH_FILE", file.as_str())];
    assert_eq!(gate(&image, &[], &environment).0, Some(1));
    // A helper that keeps the login.
    let helper = folder.path().join("docker-credential-ours");
    fs::write(&helper, "#!/bin/sh\ncat >/dev/null\necho '{\"Username\": \"me\", \"Secret\": \"pass-of-mine\"}'\n")
        .unwrap();
    run(Command::new("chmod").arg("+x").arg(&helper)).unwrap();
    fs::write(&file, json!({"credHelpers": {&host: "ours"}}).to_string()).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    assert_eq!(gate(&image, &trusted, &[("DOCKER_CONFIG", &logins), ("PATH", &path)]).0, Some(1));
}

/// A server of tokens for whoever has the password. It answers until the test ends.
fn token_server(folder: &Path) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let folder = folder.to_owned();
    let answer = move |stream: &TcpStream| -> Option<String> {
        let mut lines = BufReader::new(stream).lines();
        let path = lines.next()?.ok()?;
        let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let basic = format!("Basic {}", STANDARD.encode("me:pass-of-mine"));
        if !headers.iter().any(|header| header.split_once(": ").is_some_and(|(_, value)| value == basic)) {
            return None;
        }
        assert!(path.contains("service=images") && path.contains("scope=repository%3A"), "{path}");
        Some(token(&folder))
    };
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (status, body) = match answer(&stream) {
                Some(token) => ("200 OK", json!({"token": token}).to_string()),
                None => ("401 Unauthorized", "{}".to_owned()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

/// A JSON web token that lets pull the image, signed with the server's key.
fn token(folder: &Path) -> String {
    let certificate = fs::read_to_string(folder.join("token.crt")).unwrap();
    let certificate: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [certificate]});
    let (name, _) = NAME.rsplit_once(':').unwrap();
    let claims = json!({
        "iss": "us", "sub": "me", "aud": "images", "exp": now + 300, "nbf": now - 10, "iat": now, "jti": now.to_string(),
        "access": [{"type": "repository", "name": name, "actions": ["pull"]}],
    });
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&header), encode(&claims));
    fs::write(folder.join("token"), &text).unwrap();
    let mut sign = Command::new("openssl");
    sign.current_dir(folder).args(["dgst", "-sha256", "-sign", "token.key", "-out", "signature", "token"]);
    run(&mut sign).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(fs::read(folder.join("signature")).unwrap()))
}

#[test]
fn a_registry_that_wants_tokens_gives_the_archives_report() {
    let folder = tempfile::tempdir().unwrap();
    let Some((plain, _)) = filled(folder.path()) else { return };
    drop(plain);
    let mut make = Command::new("openssl");
    make.current_dir(folder.path())
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=us"]);
    run(make.args(["-keyout", "token.key", "-out", "token.crt"])).unwrap();
    let tokens = token_server(folder.path());
    let extra = json!({"auth": {"token": {
        "realm": format!("http://{tokens}/token"), "service": "images", "issuer": "us",
        "rootcertbundle": folder.path().join("token.crt"),
    }}});
    let (_server, host) = registry(folder.path(), extra).unwrap();
    let image = format!("registry:{host}/{NAME}");
    let (code, _, errors) = gate(&image, &[], &[]);
    assert!(code == Some(2) && errors.contains("docker login"), "{errors}");
    let logins = login(folder.path(), &host, "pass-of-mine");
    let found = reports(&image, &format!("{host}/"), &[], &[("DOCKER_CONFIG", &logins)]);
    assert_eq!(found, of_archive());
}

#[test]
fn a_registry_elsewhere_is_not_asked_over_plain_http() {
    // A name for this machine that only a resolver knows to be this machine's.
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    if TcpStream::connect((name.as_str(), port)).is_err() {
        return skip("this machine does not know its own name");
    }
    let heard = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let first = |mut stream: TcpStream| {
            let mut head = [0];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nplain http here");
            head[0]
        };
        listener.incoming().flatten().take(2).map(first).collect::<Vec<u8>>()
    });
    let (code, _, errors) = gate(&format!("registry:{name}:{port}/a/b"), &[], &[]);
    assert!(code == Some(2) && errors.contains("--insecure-registry"), "{errors}");
    // The connection of the test itself said nothing; the other one greets in TLS.
    assert_eq!(heard.join().unwrap(), [0, 0x16]);
}

#[test]
fn every_platform_of_an_image_is_judged_in_one_report() {
    if !is_installed("skopeo") {
        return skip("skopeo is not installed");
    }
    // The same image for two platforms, one of them with another config.
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout").display().to_string();
    let mut copy = Command::new("skopeo");
    copy.args(["--insecure-policy", "copy", "--quiet", &format!("docker-archive:{ARCHIVE}"), &format!("oci:{layout}")]);
    run(&mut copy).unwrap();
    let blob = |digest: &str| format!("{layout}/blobs/sha256/{}", digest.trim_start_matches("sha256:"));
    let read = |path: &str| -> serde_json::Value { serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    let write = |value: &serde_json::Value| {
        use sha2::Digest as _;
        let digest: String = sha2::Sha256::digest(value.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(blob(&digest), value.to_string()).unwrap();
        (format!("sha256:{digest}"), value.to_string().len())
    };
    let mut index = read(&format!("{layout}/index.json"));
    let first = index["manifests"][0].clone();
    let mut manifest = read(&blob(first["digest"].as_str().unwrap()));
    let mut config = read(&blob(manifest["config"]["digest"].as_str().unwrap()));
    config["architecture"] = json!("arm64");
    config["config"]["User"] = json!("10001");
    let (digest, size) = write(&config);
    (manifest["config"]["digest"], manifest["config"]["size"]) = (json!(digest), json!(size));
    let (digest, size) = write(&manifest);
    let mut second = first.clone();
    (second["digest"], second["size"]) = (json!(digest), json!(size));
    let both = json!({"schemaVersion": 2, "manifests": [first, second]});
    let (digest, size) = write(&both);
    let media_type = "application/vnd.oci.image.index.v1+json";
    index["manifests"] = json!([{"mediaType": media_type, "digest": digest, "size": size}]);
    fs::write(format!("{layout}/index.json"), index.to_string()).unwrap();

    let image = format!("oci:{layout}");
    let (code, report, errors) = gate(&image, &["--platform", "all", "--format", "json"], &[]);
    assert_eq!(code, Some(1), "{errors}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let messages: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["message"].as_str().unwrap()).collect();
    let of = |words: &str| messages.iter().filter(|m| m.contains(words)).copied().collect::<Vec<_>>();
    assert_eq!(of("containers run as root").len(), 1);
    assert!(of("containers run as root")[0].ends_with(" (linux/amd64)"), "{messages:?}");
    assert_eq!(of("/root/.ssh/id_rsa matches").len(), 1, "{messages:?}");
    assert!(of("/root/.ssh/id_rsa matches")[0].ends_with(" (linux/amd64, linux/arm64)"), "{messages:?}");
    assert!(report["notes"].to_string().contains("judged for linux/amd64, linux/arm64"), "{}", report["notes"]);
    let (code, ..) = gate(&image, &["--platform", "linux/s390x"], &[]);
    assert_eq!(code, Some(2));
    let (code, ..) = gate("docker-archive:fixtures/aic-secret/image.tar", &["--platform", "all"], &[]);
    assert_eq!(code, Some(1), "an archive of one platform is judged for that one");
}
