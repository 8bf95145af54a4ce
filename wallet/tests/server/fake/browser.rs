//! A browser of few words: HTTP/1.1, cookies, forms. It says where a form comes from, as browsers do.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

pub struct Browser {
    address: SocketAddr,
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
    /// Token of the last page that had one.
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The body came to its end.
    pub whole: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }

    /// The text of the element with this id, as far as the next tag.
    pub fn text_of(&self, id: &str) -> String {
        let sign = format!("id=\"{id}\"");
        let begin = self
            .body
            .find(&sign)
            .unwrap_or_else(|| panic!("no {id}: {}", self.body));
        let rest = &self.body[begin..];
        let rest = &rest[rest.find('>').unwrap() + 1..];
        rest[..rest.find('<').unwrap()].trim().to_owned()
    }

    /// Where the form that is sent to this path goes, with all of its address.
    pub fn action(&self, path: &str) -> String {
        let begin = self.body.find(&format!("action=\"{path}?"));
        let begin = begin.unwrap_or_else(|| panic!("no {path}: {}", self.body));
        let rest = &self.body[begin + "action=\"".len()..];
        unescape(&rest[..rest.find('"').unwrap()])
    }

    /// The value of the first hidden field of this name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let sign = format!("name=\"{name}\" value=\"");
        let rest = &self.body[self.body.find(&sign)? + sign.len()..];
        Some(unescape(&rest[..rest.find('"')?]))
    }
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

impl Browser {
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        Self {
            address,
            origin: origin.into(),
            cookies: BTreeMap::new(),
            token: String::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], "")
    }

    /// Sends a form with the token of the last page, after loading nothing.
    pub fn send(&mut self, path: &str, _form: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let mut fields = fields.to_vec();
        fields.push(("form_token", &token));
        let origin = self.origin.clone();
        self.post(
            path,
            &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")],
            &fields,
        )
    }

    /// Adds a funding source by its form and the review after it: the answer to the last of them, or the first one that
    /// refuses it. An empty password is none: the last one still counts.
    pub fn add_source(&mut self, kind: &str, number: &str, password: &str) -> Answer {
        self.get("/money");
        let fields = [("kind", kind), ("source", number)];
        let checked = self.send("/money/sources/check", "add-source", &fields);
        if checked.status != 303 {
            return checked;
        }
        let review = checked.header("location").to_owned();
        let reviewed = self.reviewed(&review);
        let mut fields = vec![("reviewed", reviewed.as_str())];
        if !password.is_empty() {
            fields.push(("password", password));
        }
        self.send("/money/sources/add", "confirm-source", &fields)
    }

    /// What the page of a review says that its form has to send.
    pub fn reviewed(&mut self, review: &str) -> String {
        let page = self.get(review).body;
        let field = page.split_once("name=\"reviewed\" value=\"");
        let (value, _) = field.and_then(|(_, rest)| rest.split_once('"')).unwrap();
        value.to_owned()
    }

    pub fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.request("POST", path, &all, &body.finish())
    }

    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut reader = self.open(method, path, headers, body);
        let mut answer = head(&mut reader);
        let mut bytes = Vec::new();
        if answer.header("transfer-encoding") == "chunked" {
            answer.whole = chunks(&mut reader, &mut bytes);
        } else {
            let length = answer.header("content-length").parse().unwrap_or(0);
            bytes.resize(length, 0);
            reader.read_exact(&mut bytes).unwrap();
        }
        answer.body = String::from_utf8_lossy(&bytes).into_owned();
        self.keep(&answer);
        answer
    }

    /// Opens a stream of events: what is left to read of it.
    pub fn events(&mut self, path: &str) -> (Answer, Events) {
        let mut reader = self.open("GET", path, &[], "");
        let answer = head(&mut reader);
        (answer, Events { reader })
    }

    fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if !cookies.is_empty() {
            head += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        BufReader::new(stream)
    }

    fn keep(&mut self, answer: &Answer) {
        for (_, value) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let (name, rest) = value.split_once('=').unwrap();
            let content = rest.split(';').next().unwrap();
            if content.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), content.into());
            }
        }
        if let Some(token) = answer.hidden("form_token") {
            self.token = token;
        }
    }
}

/// Whether the last chunk was there.
fn chunks(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> bool {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return true;
        }
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Answer {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let status = line().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let header = line();
        match header.split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => break,
        }
    }
    Answer {
        status,
        headers,
        body: String::new(),
        whole: true,
    }
}

pub struct Events {
    reader: BufReader<TcpStream>,
}

impl Events {
    /// Waits for the end of the stream and returns its remaining events.
    pub fn rest(mut self) -> String {
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).unwrap();
        rest
    }

    /// The data of the next state.
    pub fn next(&mut self) -> serde_json::Value {
        loop {
            let (name, data) = self.any();
            if name == "state" {
                return data;
            }
        }
    }

    /// Waits for an event of this name.
    pub fn wait_for(&mut self, name: &str) {
        while self.any().0 != name {}
    }

    fn any(&mut self) -> (String, serde_json::Value) {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            assert!(
                self.reader.read_line(&mut line).unwrap() > 0,
                "the stream has ended"
            );
            if let Some(event) = line.trim_end().strip_prefix("event: ") {
                name = event.to_owned();
            }
            if let Some(data) = line.trim_end().strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}
