//! Which text says what has happened: from the wallet's types to the texts of `tessera-texts`. No page is built here, and no language
//! is chosen.

pub mod browsers;
pub mod done;
pub mod limits;
pub mod passkeys;
pub mod refusals;
pub mod transaction;
pub mod transactions;
