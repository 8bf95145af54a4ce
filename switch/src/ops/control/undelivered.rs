//! Messages that were given up, to payers or to parties: they are listed, sent again, dropped. Who does it, and why, is journaled
//! first.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, Json, ReqData, ServiceConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tessera_journal::Position;
use tessera_ledger::Outbox;

use super::caller::{Caller, Right};
use super::{DEAD_LETTERS_MAX, Operator, forbidden, starting, text};

/// What was given up of one outbox.
pub(super) trait GivenUp: 'static {
    /// Which messages: one of them, or all.
    type Letters: Copy;

    /// What requests about them begin with.
    const PATH: &'static str;
    /// As the journal names the outbox.
    const OUTBOX: Outbox;
    /// As the log names the messages.
    const WHAT: &'static str;
    /// What is answered where there is no such outbox.
    const NOT_CONFIGURED: &'static str;
    /// What is answered where there is no such message.
    const NO_LETTER: &'static str;
    /// All messages.
    const ALL: Self::Letters;

    /// The one with this name; `None` for what is no name.
    fn one(name: &str) -> Option<Self::Letters>;
    /// Name and position of the one; `None` of all.
    fn name(letters: Self::Letters) -> Option<(String, Position)>;
    /// At most so many, without addresses and texts.
    async fn list(&self, most: usize) -> Result<Vec<Value>, String>;
    /// Whether any of these is there.
    async fn has(&self, letters: Self::Letters) -> Result<bool, String>;
    /// Sends these again, or forgets them; how many there were.
    async fn take(&self, letters: Self::Letters, sends: bool) -> Result<usize, String>;
}

type Client<G> = Data<OnceLock<G>>;
type Operators = Data<OnceLock<Operator>>;

pub(super) fn routes<G: GivenUp>(service: &mut ServiceConfig) {
    let path = G::PATH;
    service
        .route(path, web::get().to(list::<G>))
        .route(&format!("{path}/{{what}}"), web::post().to(take_all::<G>))
        .route(
            &format!("{path}/{{id}}/{{what}}"),
            web::post().to(take_one::<G>),
        );
}

async fn list<G: GivenUp>(client: Client<G>) -> HttpResponse {
    let Some(client) = client.get() else {
        return not_found(G::NOT_CONFIGURED);
    };
    match client.list(DEAD_LETTERS_MAX).await {
        Ok(letters) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(letters),
        Err(why) => failed(why),
    }
}

async fn take_all<G: GivenUp>(
    what: web::Path<String>,
    stated: Option<Json<Stated>>,
    (client, operator): (Client<G>, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let request = Request::of(&caller, stated, &operator);
    let taken = take(&what, G::ALL, &client, request);
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take_one<G: GivenUp>(
    path: web::Path<(String, String)>,
    stated: Option<Json<Stated>>,
    (client, operator): (Client<G>, Operators),
    caller: ReqData<Caller>,
) -> HttpResponse {
    let (id, what) = path.into_inner();
    let Some(letters) = G::one(&id) else {
        return not_found(G::NO_LETTER);
    };
    let request = Request::of(&caller, stated, &operator);
    let taken = take(&what, letters, &client, request);
    taken.await.unwrap_or_else(|refused| refused)
}

async fn take<G: GivenUp>(
    what: &str,
    letters: G::Letters,
    client: &OnceLock<G>,
    request: Result<Request<'_>, HttpResponse>,
) -> Result<HttpResponse, HttpResponse> {
    let (sends, done) = match what {
        "retry" => (true, "tried again"),
        "drop" => (false, "dropped"),
        _ => return Err(not_found(G::NO_LETTER)),
    };
    let request = request?;
    let client = client.get().ok_or_else(|| not_found(G::NOT_CONFIGURED))?;
    let one = G::name(letters);
    let id = one.as_ref().map(|(id, _)| id.clone());
    if !client.has(letters).await.map_err(failed)? {
        return match one {
            Some(_) => Err(not_found(G::NO_LETTER)),
            None => Ok(text(HttpResponse::Ok(), format!("0 {done}\n"))),
        };
    }
    request.journal(G::OUTBOX, sends, one).await?;
    let count = client.take(letters, sends).await;
    let what = G::WHAT;
    request.log(id.as_deref(), &count, &format!("{what} are {done}"));
    let count = count.map_err(failed)?;
    Ok(text(HttpResponse::Ok(), format!("{count} {done}\n")))
}

fn failed(why: String) -> HttpResponse {
    text(HttpResponse::InternalServerError(), why + "\n")
}

fn not_found(why: &str) -> HttpResponse {
    text(HttpResponse::NotFound(), format!("{why}\n"))
}

/// Who wants something done to messages, and why.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stated {
    /// The name of the person who decides; empty for the user of the socket.
    pub by: String,
    /// The reason.
    pub reason: String,
}

/// A request that a caller may make.
struct Request<'a> {
    operator: &'a OnceLock<Operator>,
    by: String,
    reason: String,
}

impl<'a> Request<'a> {
    /// A request of this caller; or what refuses it.
    #[allow(
        clippy::result_large_err,
        reason = "made once for a request of an operator, and answered at once"
    )]
    fn of(
        caller: &Caller,
        stated: Option<Json<Stated>>,
        operator: &'a Data<OnceLock<Operator>>,
    ) -> Result<Self, HttpResponse> {
        if let Some(refused) = forbidden(caller, Right::Settle) {
            return Err(refused);
        }
        let stated = stated.map(Json::into_inner).unwrap_or_default();
        Ok(Self {
            operator,
            by: caller.signature(&stated.by),
            reason: stated.reason.trim().to_owned(),
        })
    }

    /// Journals it. `one` is the message, or all that were given up.
    async fn journal(
        &self,
        outbox: Outbox,
        sends: bool,
        one: Option<(String, Position)>,
    ) -> Result<(), HttpResponse> {
        let why = (self.by.as_str(), self.reason.as_str());
        let operator = self.operator.get().ok_or_else(starting)?;
        let journaled = operator.journal_undelivered((outbox, sends), one, why);
        journaled
            .await
            .map_err(|refusal| text(HttpResponse::Conflict(), refusal.0 + "\n"))
    }

    /// What came of it goes to the log.
    fn log(&self, id: Option<&str>, count: &Result<usize, String>, what: &str) {
        let (by, reason) = (&self.by, &self.reason);
        let letter = id.unwrap_or("all");
        let (count, error) = (count.as_ref().ok(), count.as_ref().err());
        tracing::info!(by, reason, letter, count, error, "{what}");
    }
}
