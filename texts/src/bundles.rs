//! The parsed files, a bundle for each language.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::text::What;
use crate::{Argument, Language, SOURCES, Text};

type Bundle = FluentBundle<FluentResource>;

/// In the order of [`Language::ALL`].
static BUNDLES: LazyLock<[Bundle; Language::ALL.len()]> =
    LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
    // Names, amounts and numbers keep their own direction inside a line from right to left.
    bundle.set_use_isolating(language.is_right_to_left());
    for (folder, _, source) in SOURCES {
        if *folder == language.code() {
            // A message that can't be read is missing, and said in English. A test reads all of them.
            let resource = FluentResource::try_new((*source).to_owned());
            bundle.add_resource_overriding(resource.unwrap_or_else(|(resource, _)| resource));
        }
    }
    bundle
}

/// Says a text in a language, or in English where the language does not have it.
pub fn say(language: Language, text: &Text) -> Cow<'static, str> {
    let (id, arguments) = match &text.0 {
        What::Message(id, arguments) => (*id, arguments),
        What::AsWritten(words) => return Cow::Owned(words.clone()),
    };
    let given = given(language, arguments);
    let own = format(language, id, &given);
    let said = own.or_else(|| format(Language::English, id, &given));
    // The English files make the constants, so an id that is not in them does not compile.
    said.unwrap_or(Cow::Borrowed(id))
}

fn given(language: Language, arguments: &[(&'static str, Argument)]) -> FluentArgs<'static> {
    let mut given = FluentArgs::with_capacity(arguments.len());
    for (name, argument) in arguments {
        given.set(
            *name,
            match argument {
                Argument::Text(text) => FluentValue::from(say(language, text)),
                Argument::Words(words) => FluentValue::from(with_direction(language, words)),
                Argument::Number(number) => FluentValue::from(*number),
            },
        );
    }
    given
}

/// A masked number such as `**** 0018` has no letter that shows where it begins.
fn with_direction(language: Language, words: &str) -> String {
    let shows = |sign: char| sign.is_alphabetic() || matches!(sign, '\u{200e}' | '\u{200f}');
    match language.is_right_to_left() && !words.contains(shows) {
        true => format!("\u{200e}{words}"),
        false => words.to_owned(),
    }
}

fn format(language: Language, id: &str, arguments: &FluentArgs<'_>) -> Option<Cow<'static, str>> {
    let bundles: &'static [Bundle] = &*BUNDLES;
    let bundle = &bundles[language as usize];
    let pattern = bundle.get_message(id)?.value()?;
    let mut errors = Vec::new();
    let said = bundle.format_pattern(pattern, Some(arguments), &mut errors);
    // Such as a variable that the English text does not have, which a test finds.
    errors.is_empty().then_some(said)
}
