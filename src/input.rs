//! What `decode` and `doctor` look into: text on the command line, a file, or standard input.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use tessera_common::bounded;
use tessera_inspect::{INPUT_BYTES_MAX, Input};

/// The argument, whichever of its forms it has.
pub fn read(arguments: &[String]) -> Result<Input> {
    // Unquoted groups of digits come as several arguments.
    let joined = arguments.join(" ");
    match joined.as_str() {
        "-" => {
            let content = bounded::all(io::stdin().lock(), INPUT_BYTES_MAX);
            content.map(Input::Content).context("standard input")
        }
        path if Path::new(path).is_file() => File::open(path)
            .and_then(|file| bounded::all(file, INPUT_BYTES_MAX))
            .map(Input::Content)
            .with_context(|| path.to_owned()),
        _ => Ok(Input::Text(joined)),
    }
}
