//! What malls, logs and figures never hold.

use std::fs;

use crate::rig::http_get;
use crate::world::World;

/// Something of the payer.
pub struct Secret {
    name: &'static str,
    text: String,
    /// The mall that takes cards is shown card numbers.
    lantern_may_know: bool,
}

impl Secret {
    /// Nobody but the payer, the wallet server and the switch ever knows it.
    pub fn everywhere(name: &'static str, text: &str) -> Self {
        Self {
            name,
            text: text.to_owned(),
            lantern_may_know: false,
        }
    }

    /// The mall that takes cards knows it, and nobody else.
    pub fn of_the_payer_and_the_other_mall(name: &'static str, text: &str) -> Self {
        Self {
            lantern_may_know: true,
            ..Self::everywhere(name, text)
        }
    }
}

/// Looks through everything that both malls received, all logs, and all figures.
pub fn no_secret_was_stored(world: &World, secrets: &[Secret]) {
    let rig = &world.rig;
    let mut places = Vec::new();
    for mall in ["affiliated", "unaffiliated"] {
        let name = format!("data/shop/{mall}.capture");
        let text = fs::read(rig.path(&name)).expect("a capture");
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(
            text.contains("--- tcp") && text.contains("/orders/"),
            "{name} is what the mall received"
        );
        places.push((name, text, mall == "unaffiliated"));
        for log in ["orders", "acquiring"] {
            let name = format!("data/shop/{mall}.{log}");
            let text = fs::read(rig.path(&name)).expect("log");
            places.push((name, String::from_utf8_lossy(&text).into_owned(), false));
        }
    }
    for process in ["switch", "host", "wallet", "shop"] {
        places.push((format!("log of {process}"), rig.log(process), false));
    }
    for (name, at) in [
        ("switch", rig.addresses.operations),
        ("wallet", world.wallet.metrics),
    ] {
        let text = http_get(at, "/metrics");
        assert!(text.contains("# TYPE"), "{text}");
        places.push((format!("figures of {name}"), text, false));
    }
    for (place, text, of_lantern) in &places {
        // Also as people and pages write it: in groups, or in a form's body.
        let bare: String = text.chars().filter(|sign| !" -+".contains(*sign)).collect();
        let encoded = bare.replace("%20", "").replace("%40", "@");
        // What may be there is found: this looks in the right way.
        let allowed = secrets.iter().filter(|secret| secret.lantern_may_know);
        let seen = allowed
            .filter(|secret| encoded.contains(&secret.text))
            .count();
        assert_eq!(*of_lantern, seen > 0, "{place}");
        for secret in secrets {
            if secret.lantern_may_know && *of_lantern {
                continue;
            }
            let wanted = secret.text.replace([' ', '-', '+'], "");
            assert!(
                !encoded.contains(&wanted),
                "{place} holds the {}",
                secret.name
            );
            let hex: String = secret
                .text
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert!(
                !bare.to_lowercase().contains(&hex),
                "{place} holds the {} in hexadecimal",
                secret.name
            );
        }
    }
}
