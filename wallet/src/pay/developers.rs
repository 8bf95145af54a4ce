//! What a mall's developer reads in the window, in the console and in the promise of `Tessera.pay`: in English, like the documents.

pub const SILENT: &str = "The page that opened the window was closed, or its Cross-Origin-Opener-Policy cuts it off: use same-origin-allow-popups.";
pub const FOR_MALL: &str = "For the mall:";
pub const SEE: &str = "See \u{201c}What can go wrong\u{201d} in docs/malls.md.";

/// What is wrong with a field of the mall's request.
pub fn field(name: &str) -> String {
    let rule = match name {
        "order" => "1 to 32 printable ASCII characters without spaces",
        "amount" => "a whole number of minor units, 1 to 999999999999",
        "currency" => "ISO 4217, letters or number, such as USD or 840",
        "lines" => {
            "a list of up to 30 lines with text and amount; the amounts add up to the amount of the order"
        }
        _ => "an address of the page that asks, with the same origin",
    };
    format!("the field {name} can't be used. It must be {rule}.")
}

/// No such mall is registered.
pub fn unknown_mall(mall: &str) -> String {
    match mall {
        "" => "the field mall is missing.".to_owned(),
        _ => format!("the field mall names {mall}, which is not registered at this wallet server."),
    }
}

/// The page that asks is none of the mall's, as far as it is known.
pub fn origin(mall: &str, origin: Option<&str>) -> String {
    match origin {
        None => format!("the origin of the page is not registered for {mall}."),
        Some("" | "null") => format!(
            "the browser does not say from which page of {mall} it comes: do not use Referrer-Policy: no-referrer."
        ),
        Some(origin) => format!("the origin {origin} is not registered for {mall}."),
    }
}
