//! The pages, a file each. In come requests of operators who are signed in; out goes HTML.

mod accounts;
mod advices;
mod controls;
mod decisions;
mod help;
mod live;
mod notifications;
mod overview;
mod parties;
mod review;
mod settlement;
mod sign_in;
mod transactions;

use actix_web::web::{self, ServiceConfig};

/// The routes of all pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/", web::get().to(overview::show))
        .route("/live", web::get().to(live::live))
        .route("/transactions", web::get().to(transactions::search))
        .route("/transactions/one", web::get().to(transactions::one))
        .route("/parties", web::get().to(parties::show))
        .route("/controls", web::get().to(controls::show))
        .route("/controls", web::post().to(controls::of_wallet))
        .route("/advices", web::get().to(advices::list))
        .route("/advices/{id}", web::get().to(advices::show))
        .route("/notifications", web::get().to(notifications::list))
        .route("/settlement", web::get().to(settlement::show))
        .route("/decisions", web::get().to(decisions::show))
        .route("/accounts", web::get().to(accounts::show))
        .route("/help", web::get().to(help::show))
        .route("/review", web::post().to(review::review))
        .route("/confirm", web::post().to(review::confirm));
}
