//! The payers' pages: a request comes in, the switch is asked, markup leaves. Nothing is kept.
//!
//! What tests and scripts may rely on: a form has an id, and a field has the id `form-name` (`sign-in-client`), a
//! label, and where it is wrong an error with the id `form-name-error`. `#done` shows the result, `#error-summary` the
//! errors.
//!
//! | page | forms (`id`): fields |
//! | --- | --- |
//! | `/register` | `register`: client (not sent), password, again · `register-drawn` |
//! | `/welcome` | `#client-number`, `#drawn-password`, `#recovery-code` (values) · `welcome`: `#continue` |
//! | `/recover` | `recover`: client, code, new, again |
//! | `/recovery-code` | `#recovery-code` (value) · `kept`: `#continue` |
//! | `/sign-in` | `sign-in`: client, password |
//! | `/home` | `#available`, `#held`, `#recent` · `issue-card` · `freeze` |
//! | `/transactions` | `search` (GET): q, status, from, until · `#csv`, `#newer`, `#older` |
//! | `/transactions/REFERENCE` | `#state`, `#reference`, `#disputed` · `dispute` |
//! | `/card` | `issue-card` · `reveal`: number, password · `reissue`: password · `new-number`: usage, limit, password · `retire-N`, `#number-N` |
//! | `/card/shown` | `#card-number`, `#card-expiry`, `#countdown` |
//! | `/money` | `load` (GET): source, amount · `add-source`: kind, source · `#source-N` · `reload`: source, threshold, amount, password · `reload-off`: password · `close`: source, sure, password |
//! | `/money/load` | `#review` · `load`: password; after it `/money/loaded`: `#done`, `#available` |
//! | `/money/sources/add` | `#review` · `confirm-source`: password |
//! | `/money/sources/remove` | `remove-source`: password |
//! | `/limits` | `freeze` · `unfreeze`: password · `limits` (GET): transaction, day, month, day_count, month_count |
//! | `/limits/set` | `#review` · `limits`: password |
//! | `/notifications` | `contact`: kind, address, password · `confirm`: code · `remove-contact`: password · `preferences`: purchases, declines, loads, refunds, security · `add-browser`: address and keys (of the script), password · `#browser-N` |
//! | `/notifications/browsers/remove` | `remove-browser`: password |
//! | `/sessions` | `#client-number` · `add-passkey`: password · `#passkey-N`, `rename-N`: name · `#session-N`, `end-N` · `everywhere` · `password`: password, new, again · `recovery`: password |
//! | `/passkeys/remove` | `remove-passkey`: password |
//! | `/pay` | `sign-in` · `agree`, `cancel` · `#pay-state` |
//! | `/language` | `language`: language |
//! | everywhere | `sign-out` |
//!
//! A field for the password is there only while the last one does not count any more ([`Overview::confirmed`]). Beside it is
//! `#FORM-passkey`, a button with the hidden field `passkey`, where the wallet has passkeys; and on the forms to sign in.
//!
//! [`Overview::confirmed`]: crate::switch::Overview::confirmed

mod browser_list;
mod browsers;
mod card;
mod close;
pub mod entry;
mod help;
mod home;
mod languages;
mod limits;
mod load;
mod money;
mod notifications;
pub mod parts;
mod passkey_list;
mod passkeys;
mod recovery;
mod register;
mod sessions;
mod source;
mod source_number;
mod transaction;
mod transactions;
pub mod wanted;

use actix_web::web::{ServiceConfig, get, post};

/// The routes of all pages.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/", get().to(entry::start))
        .route("/register", get().to(register::page))
        .route("/register", post().to(register::register))
        .route("/welcome", get().to(register::welcome))
        .route("/welcome", post().to(register::welcomed))
        .route("/recover", get().to(recovery::recover_page))
        .route("/recover", post().to(recovery::recover))
        .route("/recovery-code", get().to(recovery::page))
        .route("/recovery-code", post().to(recovery::kept))
        .route("/sessions/recovery", post().to(sessions::recovery_code))
        .route("/sign-in", get().to(entry::sign_in_page))
        .route("/sign-in", post().to(entry::sign_in))
        .route("/sign-out", post().to(entry::sign_out))
        .route("/home", get().to(home::page))
        .route("/home/recent", get().to(home::recent))
        .route("/live", get().to(home::live))
        .route("/transactions", get().to(transactions::page))
        .route("/transactions.csv", get().to(transactions::csv))
        .route("/transactions/{reference}", get().to(transaction::page))
        .route(
            "/transactions/{reference}/report",
            post().to(transaction::report),
        )
        .route("/card", get().to(card::page))
        .route("/card/issue", post().to(card::issue))
        .route("/card/reveal", post().to(card::reveal))
        .route("/card/shown", get().to(card::shown))
        .route("/card/reissue", post().to(card::reissue))
        .route("/card/numbers/new", post().to(card::new_number))
        .route("/card/numbers/retire", post().to(card::retire))
        .route("/money", get().to(money::page))
        .route("/money/load", get().to(load::review))
        .route("/money/load", post().to(load::load))
        .route("/money/loaded", get().to(load::loaded))
        .route("/money/sources/check", post().to(source::check))
        .route("/money/sources/add", get().to(source::review))
        .route("/money/sources/add", post().to(source::add))
        .route("/money/sources/remove", get().to(money::ask_to_remove))
        .route("/money/sources/remove", post().to(money::remove_source))
        .route("/money/reload", post().to(money::reload))
        .route("/money/reload/off", post().to(money::reload_off))
        .route("/money/close", post().to(money::close))
        .route("/limits", get().to(limits::page))
        .route("/limits/freeze", post().to(limits::freeze))
        .route("/limits/unfreeze", post().to(limits::unfreeze))
        .route("/limits/set", get().to(limits::review))
        .route("/limits/set", post().to(limits::set))
        .route("/notifications", get().to(notifications::page))
        .route("/notifications/contact", post().to(notifications::propose))
        .route("/notifications/confirm", post().to(notifications::confirm))
        .route("/notifications/remove", post().to(notifications::remove))
        .route("/notifications/browsers", post().to(browsers::add))
        .route(
            "/notifications/browsers/remove",
            get().to(browsers::ask_to_remove),
        )
        .route(
            "/notifications/browsers/remove",
            post().to(browsers::remove),
        )
        .route(
            "/notifications/preferences",
            post().to(notifications::preferences),
        )
        // The name of 0.2: a page may be open while the wallet server is replaced.
        .route(
            "/notifications/wishes",
            post().to(notifications::preferences),
        )
        .route("/sessions", get().to(sessions::page))
        .route("/sessions/end", post().to(sessions::end))
        .route("/sessions/everywhere", post().to(sessions::everywhere))
        .route("/sessions/password", post().to(sessions::password))
        .route("/language", get().to(languages::page))
        .route("/language", post().to(languages::choose))
        .route("/passkeys/challenge", get().to(passkeys::challenge))
        .route("/passkeys/begin", post().to(passkeys::begin))
        .route("/passkeys/add", post().to(passkeys::add))
        .route("/passkeys/rename", post().to(passkeys::rename))
        .route("/passkeys/remove", get().to(passkeys::ask_to_remove))
        .route("/passkeys/remove", post().to(passkeys::remove))
        .route("/more", get().to(help::more))
        .route("/help", get().to(help::page))
        .route("/program", get().to(help::program))
        .route(help::CHROMIUM, get().to(help::chromium))
        .route(help::FIREFOX, get().to(help::firefox))
        .route(help::SIGNED, get().to(help::signed))
        .route("/offline", get().to(help::offline));
}
