//! What `decode` and `doctor` look into: hexadecimal on the command line, a file, or standard input.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use tessera_inspect::Input;

/// The argument, whichever of its forms it has.
pub fn read(arguments: &[String]) -> Result<Input> {
    // Unquoted groups of digits come as several arguments.
    let joined = arguments.concat();
    match joined.as_str() {
        "-" => {
            let mut content = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut content)
                .context("standard input")?;
            Ok(Input::Content(content))
        }
        path if Path::new(path).is_file() => std::fs::read(path)
            .map(Input::Content)
            .with_context(|| path.to_owned()),
        _ => Ok(Input::Text(joined)),
    }
}
