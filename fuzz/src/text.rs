//! Anything that may be handed to `tessera decode` and `tessera doctor`: no input may end them.

use tessera_inspect::{Decoded, Input, diagnose};
use tessera_protocol::{Secrets, mask_card_numbers, mask_likely_card_numbers};

pub fn run(bytes: &[u8]) {
    look_into(&Input::Content(bytes.to_vec()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        look_into(&Input::Text(text.to_owned()));
        let masked = mask_card_numbers(text);
        assert_eq!(masked.chars().count(), text.chars().count());
        let _ = mask_likely_card_numbers(text);
    }
}

fn look_into(input: &Input) {
    for secrets in [Secrets::Masked, Secrets::Shown] {
        let _ = diagnose(input, secrets);
        let _ = Decoded::of(input, secrets, false);
        let _ = Decoded::of(input, secrets, true);
    }
}
