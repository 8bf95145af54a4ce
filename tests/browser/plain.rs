//! A payer without a browser: the same forms over plain HTTP, with whatever an attacker would change.

use crate::payer::PASSWORD;
use crate::rig::http::{Answer, ask, form};
use crate::world::World;

/// What a browser would keep.
pub struct Plain<'a> {
    pub world: &'a World,
    pub client: String,
    /// The handle.
    pub session: String,
    form_secret: String,
    pay_secret: String,
    /// What the session keeps of its registration.
    number: String,
    source: String,
}

impl<'a> Plain<'a> {
    /// Somebody without a wallet.
    pub fn new(world: &'a World) -> Self {
        let mut plain = Self {
            world,
            client: String::new(),
            session: String::new(),
            form_secret: String::new(),
            pay_secret: String::new(),
            number: String::new(),
            source: String::new(),
        };
        plain.get("/sign-in");
        plain
    }

    /// Somebody who has just opened a wallet.
    pub fn register(world: &'a World) -> Self {
        let mut plain = Self::new(world);
        let fields = [("password", PASSWORD), ("again", PASSWORD)];
        let answer = plain.posts("/register", "/register", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text);
        let answer = plain.get("/welcome");
        let shown = answer.between("id=\"client-number\">", "<");
        plain.client = shown.chars().filter(char::is_ascii_digit).collect();
        plain
    }

    pub fn cookies(&self) -> String {
        format!(
            "__Host-tessera={}; __Host-tessera-form={}; __Host-tessera-pay={}; __Host-tessera-number={}; __Host-tessera-source={}",
            self.session, self.form_secret, self.pay_secret, self.number, self.source
        )
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let cookies = self.cookies();
        let answer = ask(
            self.world.wallet.address,
            &format!("GET {path}"),
            &[("cookie", &cookies)],
            "",
        );
        self.keep(answer)
    }

    /// A form as our own page sends it, its token taken from that page.
    pub fn posts(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token(page);
        let mut all = vec![("form_token", token.as_str())];
        all.extend(fields);
        let origin = self.world.wallet.origin.clone();
        let headers = [
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.posts_raw(action, &headers, &form(&all))
    }

    /// What the forms of a page must carry.
    pub fn token(&mut self, page: &str) -> String {
        let answer = self.get(page);
        let token = answer.between("name=\"form_token\" value=\"", "\"");
        token.to_owned()
    }

    pub fn posts_raw(&mut self, action: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookies = self.cookies();
        let mut all = vec![
            ("cookie", cookies.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        all.extend(headers);
        let answer = ask(
            self.world.wallet.address,
            &format!("POST {action}"),
            &all,
            body,
        );
        self.keep(answer)
    }

    pub fn sign_in(&mut self, client: &str, password: &str) -> Answer {
        self.posts(
            "/sign-in",
            "/sign-in",
            &[("client", client), ("password", password)],
        )
    }

    /// Signs in with the form that this browser was given before somebody planted a session in it.
    pub fn posts_with_entry_token(&mut self, action: &str, client: &str, password: &str) -> Answer {
        let planted = std::mem::take(&mut self.session);
        let token = self.token("/sign-in");
        self.session = planted;
        let origin = self.world.wallet.origin.clone();
        let fields = [
            ("form_token", token.as_str()),
            ("client", client),
            ("password", password),
        ];
        self.posts_raw(action, &[("origin", &origin)], &form(&fields))
    }

    /// Money from a source that always gives it.
    pub fn load(&mut self, amount: &str) {
        let source = [("kind", "card"), ("source", "9902000000000018")];
        self.posts("/money", "/money/sources/check", &source);
        let review = self.get("/money/sources/add");
        let reviewed = review.between("name=\"reviewed\" value=\"", "\"");
        let confirm = [("reviewed", reviewed), ("password", PASSWORD)];
        let added = self.posts("/money/sources/add", "/money/sources/add", &confirm);
        assert_eq!(
            added.header("location"),
            "/money?done=source",
            "{}",
            added.text
        );
        // A wallet is loaded through its card.
        self.posts("/home", "/card/issue", &[]);
        let page = self.get("/money");
        let list = page.between("<select id=\"load-source\"", "</select>");
        let (_, rest) = list.split_once("value=\"").expect("a source");
        let source = rest.split('"').next().unwrap_or_default();
        let load = [
            ("source", source),
            ("amount", amount),
            ("password", PASSWORD),
        ];
        let loaded = self.posts("/money", "/money/load", &load);
        assert!(
            loaded.header("location").starts_with("/money/loaded?"),
            "{}",
            loaded.text
        );
    }

    /// As the home page shows it.
    pub fn available(&mut self) -> String {
        let page = self.get("/home");
        let shown = page.between("id=\"available\"", "</p>");
        let shown = shown.split_once('>').map_or("", |(_, text)| text);
        shown.replace('\u{a0}', " ")
    }

    /// What a mall's page sends, in the name of this origin.
    pub fn is_asked(
        &mut self,
        origin: &str,
        mall: &str,
        order: &str,
        amount: &str,
        lines: &str,
    ) -> Answer {
        let fields = [
            ("mall", mall),
            ("order", order),
            ("amount", amount),
            ("currency", "840"),
            ("lines", lines),
        ];
        let headers = [("origin", origin), ("sec-fetch-site", "cross-site")];
        self.posts_raw("/pay", &headers, &form(&fields))
    }

    /// Agrees to what is asked; the answer to that.
    pub fn agrees(&mut self, origin: &str, mall: &str, order: &str, amount: &str) -> Answer {
        let asked = self.is_asked(origin, mall, order, amount, "");
        assert_eq!(asked.status, 303, "{}", asked.text);
        let review = asked.header("location").to_owned();
        let page = self.get(&review);
        if page.status == 303 {
            // Agreed to already: on to what became of it.
            return page;
        }
        let agree = review.replace("/pay/review", "/pay/agree");
        self.posts(&review, &agree, &[])
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for (name, place) in [
            ("__Host-tessera", &mut self.session),
            ("__Host-tessera-form", &mut self.form_secret),
            ("__Host-tessera-pay", &mut self.pay_secret),
            ("__Host-tessera-number", &mut self.number),
            ("__Host-tessera-source", &mut self.source),
        ] {
            if let Some(value) = answer.cookie(name) {
                *place = value;
            }
        }
        answer
    }
}
