//! A headless Chromium, driven through its own driver. Calls wait for their end, so that a test reads from top to bottom.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::rig::{Running, at_home, http};

/// A browser with one payer in front of it.
pub struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    driver: SocketAddr,
    _running: Running,
    _home: TempDir,
}

/// How long anything may take that a payer waits for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Set on a document to know it from the next.
const MARK: &str = "window.seenByTest";

impl Browser {
    /// A new browser without any past; `more` are further arguments of Chromium.
    pub fn start(more: &[String]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("chromedriver");
        at_home(&mut command, home.path());
        let mut child = command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let running = Running(child);
        let driver = SocketAddr::from(([127, 0, 0, 1], port.expect("chromedriver says its port")));
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
            "--accept-lang=en-US,en",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend_from_slice(more);
        let wanted = json!({
            "goog:chromeOptions": { "args": arguments },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        });
        let wanted = wanted.as_object().expect("an object").clone();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let address = format!("http://{driver}");
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(wanted);
            builder.connect(&address).await.expect("Chromium starts")
        });
        Self {
            runtime,
            client: Some(client),
            driver,
            _running: running,
            _home: home,
        }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("open until it is dropped")
    }

    fn now<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn open(&self, address: &str) {
        self.now(self.client().goto(address))
            .unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    pub fn reload(&self) {
        self.now(self.client().refresh()).expect("the page again");
    }

    pub fn address(&self) -> String {
        self.now(self.client().current_url())
            .map_or_else(|_| String::new(), String::from)
    }

    /// The text of the first element; empty where there is none, or it is not shown.
    pub fn text(&self, css: &str) -> String {
        let found = self.now(self.client().find(Locator::Css(css)));
        found
            .ok()
            .and_then(|element| self.now(element.text()).ok())
            .unwrap_or_default()
    }

    pub fn has(&self, css: &str) -> bool {
        self.now(self.client().find(Locator::Css(css))).is_ok()
    }

    /// Waits for an element.
    pub fn find(&self, css: &str) -> Element {
        self.wait(css, || self.has(css));
        self.now(self.client().find(Locator::Css(css)))
            .expect("it was there")
    }

    pub fn attribute(&self, css: &str, name: &str) -> String {
        let element = self.find(css);
        self.now(element.attr(name))
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    pub fn press(&self, css: &str) {
        let element = self.find(css);
        self.now(element.click())
            .unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into a field by its id; a list takes the choice of that value.
    pub fn fill(&self, id: &str, text: &str) {
        let element = self.find(&format!("[id=\"{id}\"]"));
        let tag = self.now(element.tag_name()).expect("a tag");
        let filled = match tag.as_str() {
            "select" => self.now(element.select_by_value(text)),
            _ => self.now(async {
                element.clear().await?;
                element.send_keys(text).await
            }),
        };
        filled.unwrap_or_else(|error| panic!("{id}: {error}"));
    }

    /// Does something that leads to another document, and waits for that.
    pub fn go(&self, action: impl FnOnce()) {
        self.script(&format!("{MARK} = true"), &[]);
        action();
        self.wait("the next page", || {
            let test = format!("return !{MARK} && document.readyState === 'complete'");
            self.try_script(&test) == Some(Value::Bool(true))
        });
    }

    /// Fills the fields of a form and sends it; done when the next page is there. A password that was typed a moment ago still
    /// counts: there is no field for it then.
    pub fn submit(&self, form: &str, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            let field = format!("{form}-{name}");
            if *name != "password" || self.has(&format!("[id=\"{field}\"]")) {
                self.fill(&field, text);
            }
        }
        self.go(|| self.press(&format!("[id=\"{form}\"] button[type=submit]")));
    }

    pub fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.now(self.client().execute(script, arguments.to_vec()))
            .unwrap_or_else(|error| panic!("{script:.60}: {error}"))
    }

    fn try_script(&self, script: &str) -> Option<Value> {
        self.now(self.client().execute(script, Vec::new())).ok()
    }

    /// A script whose last argument is to be called with what it has found.
    pub fn script_with_end(&self, script: &str, arguments: &[Value]) -> Value {
        self.now(self.client().execute_async(script, arguments.to_vec()))
            .unwrap_or_else(|error| panic!("{script:.60}: {error}"))
    }

    /// A command of the browser's own protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let session = self.now(self.client().session_id()).expect("a session");
        let path = format!(
            "POST /session/{}/goog/cdp/execute",
            session.expect("a session")
        );
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        let answer = http::ask(
            self.driver,
            &path,
            &[("content-type", "application/json")],
            &body,
        );
        assert_eq!(answer.status, 200, "{}", answer.text);
        serde_json::from_str(&answer.text).expect("JSON")
    }

    /// PNG of what is seen.
    pub fn picture(&self) -> Vec<u8> {
        self.now(self.client().screenshot()).expect("a picture")
    }

    pub fn windows(&self) -> Vec<WindowHandle> {
        self.now(self.client().windows()).expect("windows")
    }

    pub fn window(&self) -> WindowHandle {
        self.now(self.client().window()).expect("a window")
    }

    pub fn look_at(&self, window: &WindowHandle) {
        self.now(self.client().switch_to_window(window.clone()))
            .expect("it is open");
    }

    /// Opens another window and looks at it.
    pub fn new_window(&self) -> WindowHandle {
        let opened = self.now(self.client().new_window(false)).expect("a window");
        self.look_at(&opened.handle);
        opened.handle
    }

    /// Does something that opens a window, and looks at that.
    pub fn opens_window(&self, action: impl FnOnce()) -> WindowHandle {
        let before = self.windows();
        action();
        let mut opened = None;
        self.wait("a window", || {
            opened = self
                .windows()
                .into_iter()
                .find(|window| !before.contains(window));
            opened.is_some()
        });
        let opened = opened.expect("opened");
        self.look_at(&opened);
        opened
    }

    pub fn close_window(&self) {
        self.now(self.client().close_window()).expect("closed");
    }

    /// Waits until an element says this.
    pub fn wait_text(&self, css: &str, part: &str) {
        self.wait(&format!("{css} to say {part}"), || {
            self.text(css).contains(part)
        });
    }

    /// Waits for a condition; says what there is to see where it never comes.
    pub fn wait(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(
                started.elapsed() < PATIENCE,
                "waited too long for {what} at {}:\n{}",
                self.address(),
                self.text("body")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Without it the driver would leave Chromium behind.
            let _ = self.runtime.block_on(client.close());
        }
    }
}
