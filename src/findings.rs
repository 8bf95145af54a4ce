//! What the checks of a cluster found out, as it is printed.

use tessera_console::print;
use tessera_switch::Findings;

/// Prints what was found out.
pub fn show(findings: &Findings) -> anyhow::Result<()> {
    let Findings { good, warnings } = findings;
    for line in good {
        print(format_args!("{line}\n"))?;
    }
    for line in warnings {
        print(format_args!("warning: {line}\n"))?;
    }
    Ok(())
}
