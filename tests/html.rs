//! The HTML report in a real browser: nothing is loaded, nothing complains, the filters filter, and a phone can show it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A browser under chromedriver's hand.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a browser of this size; `None`, with a word why, where there is none.
    fn open(width: u32, height: u32) -> Option<Self> {
        let driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = driver else {
            eprintln!("skipped: chromedriver is not here");
            return None;
        };
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .filter_map(|line| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .next()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({
            "args": arguments,
            "mobileEmulation": { "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0, "mobile": width < 600 } },
        });
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": options,
        }}});
        let answer = browser.request("POST", "/session", &wanted);
        match answer["value"]["sessionId"].as_str() {
            Some(session) => browser.session = session.to_owned(),
            None => {
                let told = answer["value"]["message"].as_str().unwrap_or("it says nothing");
                eprintln!("skipped: no browser for chromedriver: {}", told.lines().next().unwrap_or_default());
                return None;
            }
        }
        Some(browser)
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        let answer = self.request("POST", &format!("/session/{}{path}", self.session), body);
        assert!(answer["value"]["error"].is_null(), "{path}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }

    fn go(&self, url: &str) {
        self.ask("/url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.ask("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.ask("/se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The report of the example, as a file with a hostile name in its folder.
fn report(folder: &std::path::Path) -> String {
    let path = folder.join("report.html");
    let status = assert_cmd::Command::cargo_bin("dockgate")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["check", "fixtures/aic-secret", "--image", "docker-archive:fixtures/aic-secret/image.tar", "--quiet"])
        .args(["--output", &format!("html:{}", path.display())])
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(1));
    format!("file://{}", path.display())
}

const VISIBLE: &str = "return [...document.querySelectorAll('.f')].filter(f => f.getClientRects().length).length";

#[test]
fn the_page_filters_and_loads_nothing() {
    let Some(browser) = Browser::open(1280, 900) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = report(folder.path());
    browser.go(&url);
    let count = || browser.run("return document.getElementById('count').textContent").as_str().unwrap().to_owned();
    assert_eq!((browser.run(VISIBLE), count()), (json!(4), "4 findings".to_owned()));

    let press = |value: &str| browser.run(&format!("document.querySelector('.chip[data-value={value}]').click()"));
    press("STOP");
    assert_eq!((browser.run(VISIBLE), count()), (json!(2), "2 of 4 findings".to_owned()));
    press("error");
    assert_eq!(browser.run(VISIBLE), json!(2), "filters of two kinds are both asked");
    press("STOP");
    press("error");
    assert_eq!(browser.run(VISIBLE), json!(4));
    browser.run("const rule = document.getElementById('rule'); rule.value = 'runs-as-root'; rule.dispatchEvent(new Event('change'))");
    assert_eq!(browser.run(VISIBLE), json!(1));
    browser
        .run("const rule = document.getElementById('rule'); rule.value = ''; rule.dispatchEvent(new Event('change'))");
    browser.run("const words = document.getElementById('words'); words.value = 'id_rsa'; words.dispatchEvent(new Event('input'))");
    assert_eq!(browser.run(VISIBLE), json!(2));

    browser.run("location.hash = '#layer-3'");
    let opened =
        "return new Promise(done => setTimeout(() => done(document.querySelector('#layer-3 details').open), 200))";
    assert_eq!(browser.run(opened), json!(true), "a link to a layer opens it");
    let background = "return getComputedStyle(document.body).backgroundColor";
    let before = browser.run(background);
    browser.run("document.getElementById('theme').click()");
    assert_ne!(browser.run(background), before, "there is another scheme");

    let complaints: Vec<Value> = browser
        .log("browser")
        .into_iter()
        .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    for entry in browser.log("performance") {
        let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
        let event = &event["message"];
        if event["method"] == "Network.requestWillBeSent" {
            let params = &event["params"];
            // The browser's own start page asks for parts of its own.
            if params["documentURL"].as_str().is_some_and(|from| from.starts_with("chrome")) {
                continue;
            }
            let asked = params["request"]["url"].as_str().unwrap();
            assert!(asked.starts_with(&url) || asked.starts_with("data:"), "the page asks for {asked}");
        }
    }
}

#[test]
fn the_filters_break_as_groups() {
    let folder = tempfile::tempdir().unwrap();
    let text = "from debian\nWORKDIR srv\nRUN sudo apt-get install curl\nRUN cd /srv && make\nEXPOSE 22\nCMD echo x\n";
    std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
    let args = ["lint", "Dockerfile", "--fail-on", "never", "--output", "html:report.html"];
    let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    command.env_clear().current_dir(folder.path()).args(args).assert().success();
    for width in [768, 1180, 1440] {
        let Some(browser) = Browser::open(width, 900) else { return };
        browser.go(&format!("file://{}", folder.path().join("report.html").display()));
        let chips = browser.run("return document.querySelectorAll('.chip[data-by]').length");
        assert!(chips.as_u64().unwrap() >= 6, "{chips} filters are no row to break");
        let lines = "return [...document.querySelectorAll('.filters .set, .filters .tools')].map(group => {
            const boxes = [...group.children].map(child => child.getBoundingClientRect());
            return boxes.every(box => box.top < boxes[0].bottom && box.bottom > boxes[0].top);
        })";
        let lines = browser.run(lines);
        assert!(lines.as_array().unwrap().iter().all(|is_one| is_one == true), "{width}: {lines}");
    }
}

#[test]
fn the_page_fits_a_phone() {
    let Some(browser) = Browser::open(390, 844) else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.go(&report(folder.path()));
    let widths = browser.run("return [document.scrollingElement.scrollWidth, innerWidth]");
    assert_eq!(widths[0], widths[1], "nothing stands out at the side");
    let small =
        "return [...document.querySelectorAll('.f p')].every(p => parseFloat(getComputedStyle(p).fontSize) >= 13)";
    assert_eq!(browser.run(small), json!(true), "it can be read");
}
