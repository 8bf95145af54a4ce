//! The start page: links to everything with what to do there, the test cards, and how the demo is doing. In come the
//! ports and, each second, the view that the terminal has too; out go pages. What never happens here: a page makes
//! something fail. That is for the keys, since any page of a browser could ask for it otherwise.
//!
//! | path | answer |
//! | --- | --- |
//! | `GET /` | the page |
//! | `GET /live` | its live part alone, for its script |

mod live;
mod page;

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentType};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, rt};
use anyhow::Context as _;
use tessera_http::local::refuse_pages;
use tessera_http::{Limits, Listener};
use tokio::process::Command;

use super::ports::Ports;
use super::supervision::events::Events;
use super::view::View;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Browsers at the same time.
const CONNECTIONS_MAX: usize = 64;

/// What opens an address in the browser of the desktop.
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// What the page shows.
pub struct Content {
    /// Where everything is.
    pub ports: Ports,
    /// The demo's folder.
    pub folder: String,
    /// Signs in at the operators' console.
    pub token: String,
    view: Mutex<View>,
}

/// The page while it is served.
pub struct StartPage {
    content: Arc<Content>,
    server: ServerHandle,
}

impl StartPage {
    /// Serves it from now on.
    ///
    /// # Errors
    /// Where its port is taken.
    pub fn start(ports: &Ports, folder: String, token: String) -> anyhow::Result<Self> {
        let content = Arc::new(Content {
            ports: *ports,
            folder,
            token,
            view: Mutex::default(),
        });
        let server = server(Arc::clone(&content))?;
        let handle = server.handle();
        // It ends when it is stopped.
        rt::spawn(server);
        Ok(Self {
            content,
            server: handle,
        })
    }

    /// Shows this from now on.
    pub fn show(&self, view: &View) {
        let shown = self.content.view.lock();
        *shown.unwrap_or_else(PoisonError::into_inner) = view.clone();
    }

    /// Serves it no longer.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

impl Content {
    fn view(&self) -> View {
        let view = self.view.lock();
        view.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn server(content: Arc<Content>) -> anyhow::Result<Server> {
    let port = content.ports.start;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.with_context(|| format!("the start page at port {port}"))?;
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        ..Limits::PAGES
    };
    let server = tessera_http::serve(Listener::Plain(listener), limits, move || {
        let headers = DefaultHeaders::new()
            .add((CONTENT_SECURITY_POLICY, POLICY))
            .add((CACHE_CONTROL, "no-store"))
            .add(("x-content-type-options", "nosniff"))
            .add(("referrer-policy", "no-referrer"));
        App::new()
            .app_data(Data::new(Arc::clone(&content)))
            .wrap(headers)
            // A page of another site could read where everything is otherwise.
            .wrap(from_fn(refuse_pages))
            .route("/", web::get().to(whole))
            .route("/live", web::get().to(live_part))
            .route("/start.css", web::get().to(style))
            .route("/start.js", web::get().to(script))
    })?;
    Ok(server)
}

async fn whole(content: Data<Arc<Content>>) -> HttpResponse {
    html(page::page(&content, &content.view()).into_string())
}

async fn live_part(content: Data<Arc<Content>>) -> HttpResponse {
    html(live::live(&content.view()).into_string())
}

fn html(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .body(body)
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", include_str!("files/start.css"))
}

async fn script() -> HttpResponse {
    file(
        "text/javascript; charset=utf-8",
        include_str!("files/start.js"),
    )
}

fn file(kind: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .body(content)
}

/// Opens an address in a browser; says so where that fails. The browser outlives the demo.
pub fn open(address: String, events: &Rc<Events>) {
    let opened = Command::new(OPENER)
        .arg(&address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let events = Rc::clone(events);
    rt::spawn(async move {
        let ended = match opened {
            Ok(mut child) => child.wait().await,
            Err(error) => Err(error),
        };
        let why = match ended {
            Ok(status) if status.success() => return,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        events.add(format!(
            "no browser was opened ({OPENER}: {why}): open {address}"
        ));
    });
}
