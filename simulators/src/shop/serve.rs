//! From settings to servers: the wiring.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, FormConfig, JsonConfig, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpResponse};
use anyhow::Context as _;
use tessera_console::say;
use tessera_http::{Limits, Listener};

use super::acquiring::{Client, Party};
use super::affiliated::{self, Checkout};
use super::capture::Capture;
use super::card_frame::{self, Embedder};
use super::cards::Vault;
use super::goods::{LANTERN, TEACUP};
use super::guard::{BODY_BYTES_MAX, Guard, guard, headers};
use super::orders::Orders;
use super::settings::{Origin, Settings};
use super::shop::Shop;
use super::webhook::{Confirmations, Webhooks};
use super::{clerk, events, unaffiliated};
use crate::signals::Ending;

/// A file that is served as it is: address, type, content.
type Served = (&'static str, &'static str, &'static str);

const STYLE: Served = (
    "/shop.css",
    "text/css; charset=utf-8",
    include_str!("files/shop.css"),
);

macro_rules! script {
    ($name:literal) => {
        (
            concat!("/", $name),
            "text/javascript; charset=utf-8",
            include_str!(concat!("files/", $name)),
        )
    };
}

const AFFILIATED_FILES: &[Served] = &[STYLE, script!("pay.js"), script!("confirmed.js")];
const UNAFFILIATED_FILES: &[Served] = &[
    STYLE,
    script!("order.js"),
    script!("controlled.js"),
    script!("parent.js"),
];
const FRAME_FILES: &[Served] = &[STYLE, script!("frame.js")];

/// Serves until SIGTERM, SIGINT or SIGHUP; says when it is ready.
///
/// # Errors
/// Where a file can't be used or an address is taken.
pub fn run(settings: &Settings) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(settings))
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let bound = (
        bind(settings.affiliated.listen)?,
        bind(settings.unaffiliated.listen)?,
        bind(settings.unaffiliated.frame)?,
    );
    let (one, other, framed) = (
        bound.0.local_addr()?,
        bound.1.local_addr()?,
        bound.2.local_addr()?,
    );
    let vault = Arc::new(Vault::default());
    let captures = (
        open(&settings.affiliated.capture)?,
        open(&settings.unaffiliated.capture)?,
    );
    let servers = [
        affiliated_server(settings, bound.0, captures.0)?,
        unaffiliated_server(settings, bound.1, framed, &vault, captures.1.clone())?,
        frame_server(settings, bound.2, other, vault, captures.1)?,
    ];
    let handles = servers.each_ref().map(Server::handle);
    let mut ending = Ending::listen()?;
    say(format_args!(
        "ready affiliated={one} unaffiliated={other} frame={framed}"
    ));
    let [first, second, third] = servers;
    tokio::select! {
        ended = async { tokio::try_join!(first, second, third) } => ended.map(|_| ())?,
        () = ending.asked() => {}
    }
    for handle in handles {
        handle.stop(false).await;
    }
    Ok(())
}

fn affiliated_server(
    settings: &Settings,
    listener: TcpListener,
    capture: Option<Capture>,
) -> anyhow::Result<Server> {
    let shop = Shop {
        name: settings.affiliated.name.clone(),
        look: "teacup",
        ways: &[
            ("/", "Goods"),
            ("/basket", "Basket"),
            ("/clerk", "For the clerk"),
        ],
        goods: TEACUP,
        currency: settings.currency(),
        orders: Orders::open(
            "TC",
            &settings.affiliated.acceptor,
            &settings.data.join("affiliated.orders"),
        )?,
        unpaid: affiliated::unpaid,
        client: client(settings, settings.mall(), "affiliated.acquiring", &capture)?,
        webhooks: Some(Webhooks {
            secrets: settings.affiliated.webhook_secret.clone(),
            confirmations: Confirmations::open(&settings.data.join("affiliated.confirmed"))?,
        }),
    };
    let checkout = Data::new(Checkout {
        wallet: settings.wallet.0.clone(),
        mall: settings.affiliated.acceptor.clone(),
    });
    let policy = checkout.policy();
    let shop = Data::new(Arc::new(shop));
    server(
        settings,
        listener,
        capture,
        policy,
        AFFILIATED_FILES,
        move |config| {
            config.app_data(shop.clone()).app_data(checkout.clone());
            affiliated::routes(config);
            events::routes(config);
            clerk::routes(config);
        },
    )
}

fn unaffiliated_server(
    settings: &Settings,
    listener: TcpListener,
    frame: SocketAddr,
    vault: &Arc<Vault>,
    capture: Option<Capture>,
) -> anyhow::Result<Server> {
    let shop = Shop {
        name: settings.unaffiliated.name.clone(),
        look: "lantern",
        ways: &[("/", "Goods"), ("/clerk", "For the clerk")],
        goods: LANTERN,
        currency: settings.currency(),
        orders: Orders::open(
            "PL",
            &settings.unaffiliated.acceptor,
            &settings.data.join("unaffiliated.orders"),
        )?,
        unpaid: unaffiliated::unpaid,
        client: client(
            settings,
            settings.acquirer(),
            "unaffiliated.acquiring",
            &capture,
        )?,
        webhooks: None,
    };
    let till = Data::new(unaffiliated::Till {
        frame: origin(&settings.unaffiliated.frame_origin, frame),
        vault: Arc::clone(vault),
    });
    let policy = till.policy();
    let shop = Data::new(Arc::new(shop));
    server(
        settings,
        listener,
        capture,
        policy,
        UNAFFILIATED_FILES,
        move |config| {
            config.app_data(shop.clone()).app_data(till.clone());
            unaffiliated::routes(config);
            clerk::routes(config);
        },
    )
}

fn frame_server(
    settings: &Settings,
    listener: TcpListener,
    shop: SocketAddr,
    vault: Arc<Vault>,
    capture: Option<Capture>,
) -> anyhow::Result<Server> {
    let embedder = Data::new(Embedder(origin(&settings.unaffiliated.origin, shop)));
    let policy = embedder.policy();
    let vault = Data::new(vault);
    server(
        settings,
        listener,
        capture,
        policy,
        FRAME_FILES,
        move |config| {
            config.app_data(embedder.clone()).app_data(vault.clone());
            card_frame::routes(config);
        },
    )
}

/// A server with its guard, its files and its routes.
fn server(
    settings: &Settings,
    listener: TcpListener,
    capture: Option<Capture>,
    policy: String,
    files: &'static [Served],
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> anyhow::Result<Server> {
    let known = Data::new(Guard {
        address: listener.local_addr()?.to_string(),
        capture,
        names: names(settings),
    });
    tessera_http::serve(Listener::Plain(listener), Limits::PAGES, move || {
        let mut app = App::new()
            .app_data(known.clone())
            .app_data(PayloadConfig::new(BODY_BYTES_MAX))
            .app_data(FormConfig::default().limit(BODY_BYTES_MAX))
            .app_data(JsonConfig::default().limit(BODY_BYTES_MAX))
            .wrap(headers(&policy))
            .wrap(from_fn(guard))
            .configure(routes.clone());
        for &(address, kind, content) in files {
            let serve_file = move || async move {
                HttpResponse::Ok()
                    .insert_header((CONTENT_TYPE, kind))
                    .insert_header((CACHE_CONTROL, "no-cache"))
                    .body(content)
            };
            app = app.route(address, web::get().to(serve_file));
        }
        app
    })
    .map_err(Into::into)
}

fn client(
    settings: &Settings,
    party: Party,
    log: &str,
    capture: &Option<Capture>,
) -> anyhow::Result<Client> {
    let (client, _task) = Client::start(
        settings.switch.clone(),
        party,
        settings.times(),
        &settings.data.join(log),
        capture.clone(),
    )?;
    Ok(client)
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| address.to_string())
}

fn open(path: &Option<PathBuf>) -> anyhow::Result<Option<Capture>> {
    let Some(path) = path else {
        return Ok(None);
    };
    tracing::warn!(path = %path.display(), "the shop records all its input to a capture file");
    let capture = Capture::open(path).with_context(|| path.display().to_string())?;
    Ok(Some(capture))
}

fn origin(configured: &Option<Origin>, listens: SocketAddr) -> String {
    match configured {
        Some(origin) => origin.0.clone(),
        None => format!("http://{listens}"),
    }
}

/// The host names of the configured origins.
fn names(settings: &Settings) -> Vec<String> {
    let shop = &settings.unaffiliated;
    [&shop.origin, &shop.frame_origin]
        .into_iter()
        .flatten()
        .filter_map(|origin| {
            let (_, host) = origin.0.split_once("://")?;
            Some(host.split(':').next()?.to_owned())
        })
        .collect()
}
