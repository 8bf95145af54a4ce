//! Everybody can use every page: axe finds nothing against WCAG 2.2 AA, in light and in dark; a keyboard is enough; nothing is wider
//! than a phone, whatever the font. Pictures of the main pages are taken on the way.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use crate::chromium::Browser;
use crate::payer::{PASSWORD, Payer};
use crate::pictures;
use crate::rig::peers::Peer;
use crate::world::World;

const TAGS: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// No machine has the same fonts as another: a page must hold as well in one that is wider than any. Spaced as WCAG 2.2, 1.4.12 has
/// it, and a little more.
const WIDE: &str = "const sheet = new CSSStyleSheet(); \
    sheet.replaceSync('*, ::before, ::after { font-family: monospace, monospace !important; letter-spacing: .16em !important; word-spacing: .16em !important }'); \
    document.adoptedStyleSheets = [sheet]";
const AS_IT_IS: &str = "document.adoptedStyleSheets = []";
/// Whether the page is wider than so many pixels, and by what: the elements that reach beyond, of which the innermost are named.
const WIDER: &str = "const page = document.documentElement; const width = page.clientWidth; \
    if (page.scrollWidth <= width) return []; \
    const beyond = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > width || one.getBoundingClientRect().left < 0); \
    const inner = beyond.filter((one) => !beyond.some((other) => one !== other && one.contains(other))); \
    return [`${page.scrollWidth} instead of ${width}`, ...inner.slice(0, 3).map((one) => one.outerHTML.slice(0, 120))]";

/// Looks at pages, and keeps what is wrong with them.
pub struct Inspector<'a> {
    browser: &'a Browser,
    axe: String,
    pub wrong: Vec<String>,
}

/// All pages, and what is pressed on them.
pub fn everybody_can_use_every_page() {
    let world = World::start();
    let mut payer = Payer::new(&world, &[]);
    let mut wrong = without_session(&payer);
    wrong.extend(of_a_new_wallet(&mut payer));
    wrong.extend(of_a_wallet_in_use(&payer, &world.mail));
    wrong.extend(of_the_pay_window(&payer));
    wrong.extend(of_the_shops(&payer));
    wrong.extend(of_the_mail_page(&payer));
    wrong.extend(in_every_language(&payer));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    a_keyboard_is_enough(&payer);
}

fn without_session(payer: &Payer<'_>) -> Vec<String> {
    let mut inspector = Inspector::new(&payer.browser);
    for page in [
        "/",
        "/register",
        "/sign-in",
        "/help",
        "/program",
        "/offline",
        "/nowhere",
    ] {
        payer.open(page);
        inspector.look(page);
    }
    payer.open("/");
    inspector.take_pictures("start");
    payer.open("/register");
    inspector.take_pictures("register");
    payer
        .browser
        .submit("register", &[("password", "short"), ("again", "short")]);
    inspector.look("/register, refused");
    inspector.wrong
}

fn of_a_new_wallet(payer: &mut Payer<'_>) -> Vec<String> {
    payer.open("/register");
    payer.posts_registration();
    let mut inspector = Inspector::new(&payer.browser);
    inspector.look("the identification number");
    inspector.take_pictures("number");
    payer.browser.go(|| payer.browser.press("#continue"));
    inspector.look("/home, empty");
    for page in ["/card", "/money", "/transactions"] {
        payer.open(page);
        inspector.look(&format!("{page}, empty"));
    }
    inspector.wrong
}

fn of_a_wallet_in_use(payer: &Payer<'_>, mail: &Peer) -> Vec<String> {
    let browser = &payer.browser;
    payer.does("/home", "issue-card", &[], "ready");
    payer.add_source("card", "9902000000000018");
    payer.add_source("card", "9902000000000034");
    payer.load("0018", "250.00");
    payer.load_refused("0034", "5.00", "bank declined");
    payer.buys("kettle");
    payer.buys("assam");
    let address = [
        ("kind", "email"),
        ("address", "me@mail.example"),
        ("password", PASSWORD),
    ];
    payer.does("/notifications", "contact", &address, "on its way");
    let (_, _) = mail.wait_for("the code", 0, |event| {
        event["html"].as_str().map(str::to_owned)
    });
    payer.sets_limits(&[("transaction", "100"), ("day", "500")]);

    let mut inspector = Inspector::new(browser);
    payer.open("/card");
    browser.submit("new-number", &[("usage", "once"), ("password", PASSWORD)]);
    inspector.look("a number in full");
    payer.open("/card");
    browser.submit("reveal", &[("password", PASSWORD)]);
    inspector.take_pictures("revealed");
    payer.reviews_load("0018", "20.00");
    inspector.look("/money/load");
    inspector.take_pictures("review");
    browser.submit("load", &[]);
    inspector.look("/money/loaded");
    inspector.take_pictures("loaded");
    payer.reviews_source("account", "XT38TESS00000000000001");
    inspector.look("/money/sources/add");
    inspector.take_pictures("source-review");
    payer.open("/money");
    browser.go(|| browser.press(".row a.button"));
    inspector.look("/money/sources/remove");
    inspector.take_pictures("remove");
    payer.open("/limits");
    browser.submit("limits", &[("day", "600")]);
    inspector.look("/limits/set");
    inspector.take_pictures("limits-review");
    for page in [
        "/home",
        "/transactions",
        "/card",
        "/money",
        "/limits",
        "/notifications",
        "/sessions",
        "/help",
        "/more",
    ] {
        payer.open(page);
        inspector.look(page);
        browser.open(&format!("{}{page}", payer.world.wallet.origin));
        browser.wait("the page to be still", || {
            page != "/home" || browser.text("#live").contains("Up to date")
        });
        inspector.take_pictures(page.trim_start_matches('/'));
    }
    payer.open("/transactions?status=paid");
    browser.go(|| browser.press(".transaction .title a"));
    inspector.look("a transaction");
    inspector.take_pictures("transaction");
    browser.press("#unknown summary");
    inspector.look("a transaction that the payer does not recognise");
    payer.does("/limits", "freeze", &[], "frozen");
    inspector.look("/limits, frozen");
    payer.open("/home");
    inspector.look("/home, frozen");
    payer.mistypes_password();
    inspector.look("/sessions, refused");
    payer.does(
        "/limits",
        "unfreeze",
        &[("password", PASSWORD)],
        "no longer frozen",
    );
    inspector.wrong
}

fn of_the_pay_window(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    payer.open("/sessions");
    browser.submit("everywhere", &[]);
    payer.order("cup");
    let shop = browser.window();
    payer.opens_pay_window();
    inspector.look("the pay window, asking who pays");
    inspector.take_window_pictures("pay-sign-in");
    let wrong = [
        ("client", payer.client.as_str()),
        ("password", "not the password"),
    ];
    browser.submit("sign-in", &wrong);
    inspector.look("the pay window, with a wrong password");
    let right = [("client", payer.client.as_str()), ("password", PASSWORD)];
    browser.submit("sign-in", &right);
    browser.find("#agree");
    inspector.look("the pay window");
    inspector.take_window_pictures("pay");
    browser.press("#agree button");
    browser.wait("the purchase to be paid", || {
        browser.has("#pay-state[data-final]")
    });
    inspector.look("the pay window, paid");
    inspector.take_window_pictures("paid");
    browser.close_window();
    browser.look_at(&shop);
    browser.wait("the shop to know", || {
        browser.has("#order[data-status=paid]")
    });
    inspector.look("the shop's page of an order, paid");
    inspector.take_pictures("shop-paid");

    // The mall's page asks for less than the mall's server.
    payer.order("cup");
    browser.script(
        "const asked = document.getElementById('pay').dataset; asked.amount = '1'; \
            asked.lines = JSON.stringify([{ text: 'a cup', amount: 1 }])",
        &[],
    );
    payer.opens_pay_window();
    browser.press("#agree button");
    browser.find("#pay-state[data-state=declined]");
    inspector.look("the pay window, declined");
    inspector.take_window_pictures("declined");
    browser.close_window();
    browser.look_at(&shop);
    browser.find("#order[data-status=declined]");
    inspector.look("the shop's page of an order, declined");

    // What is in the way is put right in the window.
    payer.sets_limits(&[("transaction", "10")]);
    payer.does("/limits", "freeze", &[], "frozen");
    payer.order("cup");
    payer.opens_pay_window();
    browser.find("#frozen");
    inspector.look("the pay window, frozen");
    inspector.take_window_pictures("pay-frozen");
    browser.submit("unfreeze", &[("password", PASSWORD)]);
    browser.find("#limit");
    inspector.look("the pay window, above a limit");
    inspector.take_window_pictures("pay-limit");
    browser.close_window();
    browser.look_at(&shop);
    payer.sets_limits(&[("transaction", "")]);
    payer.orders_many("kettle", 4);
    payer.opens_pay_window();
    browser.find("#short");
    inspector.look("the pay window, with too little money");
    inspector.take_window_pictures("pay-short");
    browser.close_window();
    browser.look_at(&shop);
    payer.open("/pay?mall=NOBODY");
    inspector.look("the pay window, refused");
    inspector.wrong
}

fn of_the_shops(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    let world = payer.world;
    let pages = [
        ("shop", world.teacup("/")),
        ("clerk", world.teacup("/clerk")),
        ("lantern", world.lantern("/")),
        ("lantern-form", world.lantern("/buy/round/plain")),
        ("lantern-pieces", world.lantern("/buy/round/controlled")),
        ("lantern-frame", world.lantern("/buy/round/framed")),
    ];
    for (name, address) in pages {
        browser.open(&address);
        inspector.look(name);
        inspector.take_pictures(name);
    }
    payer.order("cup");
    inspector.look("the checkout");
    inspector.take_pictures("checkout");
    inspector.wrong
}

/// The list shows new mail by itself, finds, marks and deletes; and so without its script, except for the first.
fn of_the_mail_page(payer: &Payer<'_>) -> Vec<String> {
    let (_running, smtp, page) = payer.world.rig.start_mail();
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    let at = |path: &str| format!("http://{page}{path}");
    browser.open(&at("/"));
    inspector.look("the mail page, empty");
    // No page is loaded meanwhile.
    browser.script("window.same = true", &[]);
    let count = |expected: &str| {
        let script = "return document.getElementById('count').textContent";
        browser.wait(expected, || browser.script(script, &[]) == expected);
        assert_eq!(browser.script("return window.same", &[]), true);
    };
    count("0 mails");
    send_mail(smtp).expect("the mail is taken");
    count("1 mail, 1 new");
    let title = browser.script("return document.title", &[]);
    assert_eq!(title, "(1) Mail · Tessera mail");
    send_mail(smtp).expect("the mail is taken");
    count("2 mails, 2 new");
    inspector.look("the mail page");
    inspector.take_pictures("mail");
    browser.fill("q", "is:read");
    count("0 mails found");
    inspector.look("the mail page, nothing found");
    browser.open(&at("/letters/1"));
    inspector.look("a letter");
    inspector.take_pictures("letter");
    browser.open(&at("/"));
    browser.script("window.same = true", &[]);
    count("2 mails, 1 new");
    browser.press("form[action='/letters/2/delete'] button");
    count("1 mail");
    browser.press("form[action='/letters/delete'] button");
    count("0 mails");
    browser.open(&at("/letters/99"));
    inspector.look("the mail page, no such letter");
    inspector.wrong
}

/// In each language that is offered the main pages hold and are marked as being in it.
fn in_every_language(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    let choose = |code: &str| {
        payer.open("/language");
        browser.submit("language", &[("language", code)]);
        browser.find("#done");
    };
    payer.open("/language");
    inspector.look("/language");
    let script = "return [...document.querySelectorAll('#language-language option')].map((one) => one.value)";
    let codes = browser.script(script, &[]);
    let codes = codes.as_array().expect("a list of languages");
    let codes: Vec<_> = codes.iter().filter_map(Value::as_str).collect();
    assert_eq!(codes[..2], ["", "en"]);
    for code in &codes[1..] {
        choose(code);
        for page in [
            "/home",
            "/transactions",
            "/card",
            "/money",
            "/limits",
            "/notifications",
            "/sessions",
            "/help",
            "/program",
            "/language",
            "/nowhere",
        ] {
            payer.open(page);
            let marked = browser.script(
                "return [document.documentElement.lang, document.documentElement.dir]",
                &[],
            );
            let direction = if *code == "ar" { "rtl" } else { "ltr" };
            assert_eq!(marked, json!([code, direction]), "{page}");
            inspector.look(&format!("{page} in {code}"));
            // English is in the others.
            if *code != "en" {
                inspector.take_pictures(&format!("{code}-{}", &page[1..]));
            }
        }
        payer.order("cup");
        let shop = browser.window();
        payer.opens_pay_window();
        browser.find("#purchase");
        inspector.look(&format!("the pay window in {code}"));
        inspector.take_window_pictures(&format!("{code}-pay"));
        browser.close_window();
        browser.look_at(&shop);
    }
    choose("");
    inspector.wrong
}

/// A mail with long words everywhere.
fn send_mail(server: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(server)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let long = "abcdefghijklmnopqrstuvwxyz".repeat(2);
    let letter = format!(
        "From: <no-reply@{long}.example>\r\nTo: <me@{long}.example>\r\nSubject: {long}\r\n\r\n{long} {long}\r\n.\r\n"
    );
    let last = |lines: &mut Lines<BufReader<TcpStream>>| {
        let end = lines.find(|line| line.as_ref().is_ok_and(|line| !line[3..].starts_with('-')));
        assert!(end.is_some(), "the mail server has closed");
    };
    last(&mut lines);
    for command in [
        "EHLO test.example\r\n".to_owned(),
        "MAIL FROM:<no-reply@tessera.example>\r\n".to_owned(),
        format!("RCPT TO:<me@{long}.example>\r\n"),
        "DATA\r\n".to_owned(),
        letter,
        "QUIT\r\n".to_owned(),
    ] {
        stream.write_all(command.as_bytes())?;
        last(&mut lines);
    }
    Ok(())
}

fn a_keyboard_is_enough(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.open("/sessions");
    browser.submit("everywhere", &[]);
    payer.open("/sign-in");
    tab_to(browser, "#sign-in-client");
    browser.devtools("Input.insertText", &json!({ "text": payer.client }));
    tab_to(browser, "#sign-in-password");
    browser.devtools("Input.insertText", &json!({ "text": PASSWORD }));
    // It can be looked at, and a screen reader says so.
    tab_to(browser, "[data-reveal=sign-in-password]");
    for (kind, label, status) in [("text", "Hide", "visible"), ("password", "Show", "hidden")] {
        press_key(browser, "Enter");
        assert_eq!(browser.attribute("#sign-in-password", "type"), kind);
        let button = browser.text("[data-reveal=sign-in-password]");
        assert!(button.starts_with(label), "{button}");
        let said = browser.text("[data-reveal=sign-in-password] + [role=status]");
        assert!(said.contains(status), "{said}");
    }
    press_key(browser, "Enter");
    // It is sent as a password all the same.
    tab_to(browser, "#sign-in button[type=submit]");
    press_key(browser, "Enter");
    browser.wait("the balance", || browser.has("#available"));

    payer.order("honey");
    tab_to(browser, "#pay");
    browser.opens_window(|| press_key(browser, "Enter"));
    browser.find("#agree");
    tab_to(browser, "#agree button");
    press_key(browser, "Enter");
    browser.wait("the purchase to be paid", || {
        browser.has("#pay-state[data-state=paid]")
    });
}

/// Goes on with the tabulator until this has the focus; wherever it is on the way, that is to be seen.
pub fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..40 {
        press_key(browser, "Tab");
        let script = "const at = document.activeElement; const style = getComputedStyle(at); \
            return [at.matches(arguments[0]), at === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none', at.outerHTML.slice(0, 80)]";
        let found = browser.script(script, &[Value::from(css)]);
        assert_eq!(found[1], true, "no sign of the focus on {}", found[2]);
        if found[0] == true {
            return;
        }
    }
    panic!("no tabulator leads to {css}");
}

pub fn press_key(browser: &Browser, key: &str) {
    let (code, text) = if key == "Enter" { (13, "\r") } else { (9, "") };
    let mut pressed =
        json!({ "type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
    if !text.is_empty() {
        pressed["type"] = "keyDown".into();
        pressed["text"] = text.into();
    }
    browser.devtools("Input.dispatchKeyEvent", &pressed);
    pressed["type"] = "keyUp".into();
    browser.devtools("Input.dispatchKeyEvent", &pressed);
}

impl<'a> Inspector<'a> {
    pub fn new(browser: &'a Browser) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/peers/node_modules/axe-core/axe.min.js");
        Self {
            browser,
            axe: std::fs::read_to_string(path).expect("make tests/peers/node_modules/ready"),
            wrong: Vec::new(),
        }
    }

    /// The page that is shown.
    pub fn look(&mut self, name: &str) {
        self.browser.script(&self.axe, &[]);
        for scheme in ["light", "dark"] {
            self.colours(scheme);
            let run = "const [tags, end] = arguments; axe.run({ runOnly: tags }).then((found) => end( \
                found.violations.flatMap((one) => one.nodes.map((node) => `${one.id} at ${node.target}: ${node.failureSummary}`))))";
            let found = self.browser.script_with_end(run, &[json!(TAGS)]);
            let found = found.as_array().expect("a list");
            self.wrong
                .extend(found.iter().map(|one| format!("{name}, {scheme}: {one}")));
        }
        self.colours("light");
        self.measure(name);
    }

    /// Whether the page that is shown is wider than a phone.
    fn measure(&mut self, name: &str) {
        for font in [AS_IT_IS, WIDE] {
            self.browser.script(font, &[]);
            for width in [320, 390] {
                self.size(width, 844);
                let wide = self.browser.script(WIDER, &[]);
                let wide = wide.as_array().expect("a list");
                self.wrong.extend(
                    wide.iter()
                        .map(|one| format!("{name}: wider than a phone of {width}: {one}")),
                );
            }
        }
        self.browser.script(AS_IT_IS, &[]);
        self.browser
            .devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    }

    /// On a phone and on a desktop, in light and in dark.
    pub fn take_pictures(&self, name: &str) {
        for (device, width, height) in [("phone", 390, 844), ("desk", 1280, 900)] {
            self.size(width, height);
            for scheme in ["light", "dark"] {
                self.colours(scheme);
                pictures::keep(
                    &format!("{name}-{device}-{scheme}"),
                    &self.browser.picture(),
                );
            }
        }
        self.colours("light");
        self.browser
            .devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    }

    /// In the size of the window that the script opens.
    pub fn take_window_pictures(&self, name: &str) {
        self.size(480, 640);
        for scheme in ["light", "dark"] {
            self.colours(scheme);
            pictures::keep(&format!("{name}-{scheme}"), &self.browser.picture());
        }
        self.colours("light");
        self.browser
            .devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    }

    fn colours(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.browser
            .devtools("Emulation.setEmulatedMedia", &features);
    }

    fn size(&self, width: u64, height: u64) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.browser
            .devtools("Emulation.setDeviceMetricsOverride", &size);
    }
}
