//! A payer in front of a browser: what people do, in the order in which they do it.

use serde_json::{Value, json};

use crate::chromium::Browser;
use crate::world::World;

/// The password of all payers here.
pub const PASSWORD: &str = "seven green bottles";

/// Somebody with a wallet.
pub struct Payer<'a> {
    pub world: &'a World,
    pub browser: Browser,
    /// Their identification number: 15 digits.
    pub client: String,
}

impl<'a> Payer<'a> {
    /// Somebody without a wallet; `more` are further arguments of the browser.
    pub fn new(world: &'a World, more: &[String]) -> Self {
        Self {
            world,
            browser: Browser::start(more),
            client: String::new(),
        }
    }

    /// Opens a wallet, and goes on to its home.
    pub fn register(world: &'a World, more: &[String]) -> Self {
        let mut payer = Self::new(world, more);
        payer.open("/register");
        payer.posts_registration();
        let browser = &payer.browser;
        browser.go(|| browser.press("#continue"));
        payer
    }

    /// Sends the form that opens a wallet; the page with the number is shown then.
    pub fn posts_registration(&mut self) {
        let fields = [("password", PASSWORD), ("again", PASSWORD)];
        self.browser.submit("register", &fields);
        let shown = self.browser.text("#client-number");
        self.client = shown.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(self.client.len(), 15, "{shown}");
    }

    /// A page of the wallet, with everything unfolded.
    pub fn open(&self, path: &str) {
        let address = format!("{}{path}", self.world.wallet.origin);
        self.browser.open(&address);
        self.unfold();
    }

    pub fn unfold(&self) {
        let script =
            "document.querySelectorAll('details').forEach((part) => { part.open = true; })";
        self.browser.script(script, &[]);
    }

    pub fn sign_in(&self, password: &str) {
        self.open("/sign-in");
        let fields = [("client", self.client.as_str()), ("password", password)];
        self.browser.submit("sign-in", &fields);
    }

    /// Sends a form of a page; the page after it must say this.
    pub fn does(&self, page: &str, form: &str, fields: &[(&str, &str)], done: &str) {
        self.open(page);
        self.browser.submit(form, fields);
        let said = self.browser.text("#done");
        assert!(
            said.contains(done),
            "{form}: {done} is not in {said}\n{}",
            self.browser.text("body")
        );
    }

    /// Sends a form of a page; it must be refused with these words.
    pub fn is_refused(&self, page: &str, form: &str, fields: &[(&str, &str)], why: &str) {
        self.open(page);
        self.browser.submit(form, fields);
        let said = self.browser.text("#error-summary");
        assert!(
            said.contains(why),
            "{form}: {why} is not in {said}\n{}",
            self.browser.text("body")
        );
    }

    pub fn add_source(&self, kind: &str, number: &str) {
        self.reviews_source(kind, number);
        let fields = [("password", PASSWORD)];
        self.browser.submit("confirm-source", &fields);
        let said = self.browser.text("#done");
        assert!(said.contains("saved"), "{said}");
    }

    /// Types a source, and looks at it once more.
    pub fn reviews_source(&self, kind: &str, number: &str) {
        self.open("/money");
        let fields = [("kind", kind), ("source", number)];
        self.browser.submit("add-source", &fields);
        let review = self.browser.text("#review");
        let ending = &number[number.len() - 3..];
        assert!(review.contains(ending), "{number} is not in {review}");
        assert!(!self.browser.text("main").contains(number));
    }

    /// The value of the choice in a list whose text holds this.
    pub fn choice(&self, page: &str, list: &str, part: &str) -> String {
        self.open(page);
        let script = "const [list, part] = arguments; \
            return [...document.getElementById(list).options].find((one) => one.text.includes(part))?.value ?? null";
        let arguments = [Value::from(list), Value::from(part)];
        let found = self.browser.script(script, &arguments);
        let found = found.as_str();
        found
            .unwrap_or_else(|| panic!("no {part} in {list}"))
            .to_owned()
    }

    /// Loads from the source that ends so, and expects it to work.
    pub fn load(&self, ending: &str, amount: &str) {
        self.reviews_load(ending, amount);
        self.browser.submit("load", &[("password", PASSWORD)]);
        let said = self.browser.text("#done");
        assert!(
            said.starts_with(&format!("${amount}")) && said.contains("was loaded"),
            "{said}"
        );
    }

    /// Goes as far as the page that asks once more.
    pub fn reviews_load(&self, ending: &str, amount: &str) {
        let source = self.choice("/money", "load-source", ending);
        let fields = [("source", source.as_str()), ("amount", amount)];
        self.browser.submit("load", &fields);
        self.browser.find("#review");
    }

    /// Loads, and expects these words in place of money.
    pub fn load_refused(&self, ending: &str, amount: &str, why: &str) {
        self.reviews_load(ending, amount);
        self.browser.submit("load", &[("password", PASSWORD)]);
        let said = self.browser.text("#error-summary");
        assert!(said.contains(why), "{why} is not in {said}");
    }

    /// Sets limits, which are looked at once more before they are set.
    pub fn sets_limits(&self, fields: &[(&str, &str)]) {
        self.open("/limits");
        self.browser.submit("limits", fields);
        self.browser.find("#review");
        self.browser.submit("limits", &[("password", PASSWORD)]);
        let said = self.browser.text("#done");
        assert!(said.contains("limits are set"), "{said}");
    }

    /// Types another password than their own where the password is changed.
    pub fn mistypes_password(&self) {
        let new = "eight blue kettles";
        let fields = [
            ("password", "not the password"),
            ("new", new),
            ("again", new),
        ];
        self.is_refused("/sessions", "password", &fields, "password is wrong");
    }

    /// What the card page shows for 30 seconds: the number, without spaces. `which` is a further number.
    pub fn reveal(&self, which: &str) -> String {
        self.open("/card");
        let fields = [("number", which), ("password", PASSWORD)];
        self.browser.submit("reveal", &fields);
        self.revealed()
    }

    /// The number on the page that shows one.
    pub fn revealed(&self) -> String {
        let shown = self.browser.text("#card-number");
        assert_eq!(shown.len(), 19, "{shown}: {}", self.browser.text("body"));
        shown.replace(' ', "")
    }

    pub fn available(&self) -> String {
        self.open("/home");
        self.browser.text("#available")
    }

    /// Puts something into the affiliated shop's basket and goes to its checkout; the order's number.
    pub fn order(&self, good: &str) -> String {
        let browser = &self.browser;
        // What was not paid is still there.
        let basket = json!({ "name": "basket", "url": self.world.teacup("/") });
        browser.devtools("Network.deleteCookies", &basket);
        browser.open(&self.world.teacup("/"));
        let button = format!("input[name=good][value={good}] ~ button");
        browser.go(|| browser.press(&button));
        browser.go(|| browser.press("#checkout"));
        browser.attribute("#pay", "data-order")
    }

    /// The same with so many pieces.
    pub fn orders_many(&self, good: &str, count: u64) -> String {
        let browser = &self.browser;
        self.order(good);
        browser.open(&self.world.teacup("/basket"));
        let typed =
            "const [count] = arguments; document.querySelector('input[name=set]').value = count";
        browser.script(typed, &[json!(count)]);
        browser.go(|| browser.press("form.row button"));
        browser.go(|| browser.press("#checkout"));
        browser.attribute("#pay", "data-order")
    }

    /// Presses the shop's button; the browser then looks at the pay window.
    pub fn opens_pay_window(&self) {
        let browser = &self.browser;
        browser.opens_window(|| browser.press("#pay"));
        browser.wait("the pay window", || {
            browser.has("#agree, #cancel, #sign-in, #pay-state, #pay-refused")
        });
    }

    /// Buys at the affiliated shop through the pay window, to the end; the order's number.
    pub fn buys(&self, good: &str) -> String {
        let browser = &self.browser;
        let order = self.order(good);
        let shop = browser.window();
        self.opens_pay_window();
        browser.press("#agree button");
        browser.wait("the purchase to be paid", || {
            browser.has("#pay-state[data-state=paid]")
        });
        browser.close_window();
        browser.look_at(&shop);
        browser.wait("the shop to know", || {
            browser.has("#order[data-status=paid]")
        });
        order
    }

    /// Types a card into the plain form of the shop that takes cards; the order's page is shown then.
    pub fn types_card(&self, good: &str, number: &str) {
        let browser = &self.browser;
        browser.open(&self.world.lantern(&format!("/buy/{good}/plain")));
        browser.fill("name", "A PAYER");
        browser.fill("number", number);
        browser.fill("expiry", "12/31");
        browser.go(|| browser.press("#plain button"));
        browser.wait("the shop to know", || {
            browser.has("#order:not([data-status=asked])")
        });
    }

    /// The same, where it must be declined with this code.
    pub fn card_is_declined(&self, good: &str, number: &str, code: &str) {
        self.types_card(good, number);
        let page = self.browser.text("#order");
        assert_eq!(self.browser.text("#code"), code, "{page}");
        assert!(!self.browser.text("#why").is_empty(), "{page}");
    }
}
