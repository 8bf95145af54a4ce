//! Reads the files of all languages: every text is there, says the same, and can be said.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use tessera_protocol::Currency;

use super::*;
use crate::language::asked_for;

/// What a message is made of, as far as its translations must agree with it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    /// Variables that choose between plural forms.
    numbers: BTreeSet<String>,
}

/// A message of a file: its shape, and its text with a sign in the place of each variable.
struct Message {
    shape: Shape,
    words: String,
    /// The names of the plural forms of each choice.
    forms: Vec<Vec<String>>,
}

fn read(language: Language) -> BTreeMap<String, Message> {
    let mut messages = BTreeMap::new();
    for (folder, file, source) in SOURCES {
        if *folder != language.code() {
            continue;
        }
        let parsed = fluent_syntax::parser::parse(*source);
        let resource = parsed.unwrap_or_else(|(_, errors)| panic!("{folder}/{file}: {errors:?}"));
        for entry in resource.body {
            match entry {
                Entry::Message(message) => {
                    let id = message.id.name.to_owned();
                    assert!(id.starts_with(&format!("{file}-")), "{folder}/{file}: {id}");
                    let pattern = message.value.unwrap_or_else(|| panic!("{id} is empty"));
                    let read = Message::of(&pattern);
                    assert!(messages.insert(id.clone(), read).is_none(), "{id} twice");
                }
                Entry::Junk { content } => panic!("{folder}/{file}: {content}"),
                Entry::Term(term) => panic!("{folder}/{file}: the term {}", term.id.name),
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            }
        }
    }
    messages
}

impl Message {
    fn of(pattern: &Pattern<&str>) -> Self {
        let mut message = Self {
            shape: Shape::default(),
            words: String::new(),
            forms: Vec::new(),
        };
        message.add(pattern);
        message
    }

    fn add(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.words.push_str(value),
                PatternElement::Placeable { expression } => self.add_expression(expression),
            }
        }
    }

    fn add_expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(InlineExpression::VariableReference { id }) => {
                self.shape.variables.insert(id.name.to_owned());
                self.words.push('\u{fffc}');
            }
            Expression::Select { selector, variants } => {
                let InlineExpression::VariableReference { id } = selector else {
                    panic!("a choice by something else than a variable: {selector:?}");
                };
                self.shape.numbers.insert(id.name.to_owned());
                let name = |key: &fluent_syntax::ast::VariantKey<&str>| match key {
                    fluent_syntax::ast::VariantKey::Identifier { name }
                    | fluent_syntax::ast::VariantKey::NumberLiteral { value: name } => {
                        (*name).to_owned()
                    }
                };
                let forms = variants.iter().map(|variant| name(&variant.key));
                self.forms.push(forms.collect());
                for variant in variants {
                    self.add(&variant.value);
                }
            }
            Expression::Inline(_) => self.words.push('\u{fffc}'),
        }
    }
}

#[test]
fn every_language_that_is_offered_says_every_text_with_the_same_variables() {
    let english = read(Language::English);
    assert!(english.len() > 400, "only {} texts", english.len());
    for language in Language::COMPLETE {
        let own = read(*language);
        let missing: Vec<_> = english.keys().filter(|id| !own.contains_key(*id)).collect();
        assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
    }
    for language in Language::ALL {
        for (id, message) in read(language) {
            let source = english.get(&id);
            let source = source.unwrap_or_else(|| panic!("{language:?}: {id} is no text"));
            assert_eq!(
                message.shape.variables, source.shape.variables,
                "{language:?}: {id}"
            );
            // One that has no plural forms needs no choice.
            let numbers = &source.shape.numbers;
            assert!(
                message.shape.numbers.is_subset(numbers),
                "{language:?}: {id}"
            );
        }
    }
}

#[test]
fn a_text_is_plain_and_its_plural_forms_are_those_of_its_language() {
    for language in Language::ALL {
        let known: &[&str] = match language {
            Language::English | Language::German => &["one", "other"],
            Language::Spanish => &["one", "many", "other"],
            Language::Korean | Language::Japanese => &["other"],
            Language::Arabic => &["zero", "one", "two", "few", "many", "other"],
        };
        for (id, message) in read(language) {
            let words = &message.words;
            let at = format!("{language:?}: {id}");
            assert!(
                !words.contains(['<', '>', '&', '\t']),
                "{at} has signs of HTML"
            );
            assert!(!words.contains("  "), "{at} has two spaces in a row");
            assert!(!words.contains("..."), "{at}: write \u{2026}");
            for forms in message.forms {
                for form in &forms {
                    let number = form.bytes().all(|byte| byte.is_ascii_digit());
                    assert!(number || known.contains(&form.as_str()), "{at}: {form}");
                }
                // Where a form is missing, the last one is said: wrong in Arabic, and in English.
                let missing = known
                    .iter()
                    .filter(|form| **form != "zero" && **form != "many");
                let missing: Vec<_> = missing
                    .filter(|form| !forms.iter().any(|own| own == **form))
                    .collect();
                assert!(missing.is_empty(), "{at} lacks {missing:?}");
            }
        }
    }
}

#[test]
fn a_text_is_said_with_its_arguments_and_in_the_right_plural_form() {
    let english = Locale::new(Language::English);
    assert_eq!(english.say(money::TITLE), "Money");
    assert_eq!(english.say(limits::purchases(1)), "1 purchase");
    assert_eq!(english.say(limits::purchases(2)), "2 purchases");
    assert_eq!(english.say(limits::purchases(0)), "0 purchases");
    let reason = transactions::state_declined(reasons::MONEY);
    assert_eq!(english.say(&reason), "Declined: not enough money");
    assert_eq!(english.say(Text::as_written("Tea { $x }")), "Tea { $x }");
    // An argument is never read as a text.
    let hostile = money::loaded_amount("{ money-title } <b>");
    assert_eq!(english.say(hostile), "{ money-title } <b> was loaded.");
    assert_eq!(format!("{reason:?}"), "transactions-state-declined");
}

/// A short message has no sender that its reader knows.
#[test]
fn a_short_message_begins_with_the_name_and_has_no_full_stop() {
    for language in Language::ALL {
        let begin = match language {
            Language::Japanese => "Tessera\u{ff1a}",
            // A line that begins with Latin letters would run from left to right.
            Language::Arabic => "\u{645}\u{646} Tessera: ",
            _ => "Tessera: ",
        };
        let messages = read(language);
        let short = messages
            .iter()
            .filter(|(id, _)| id.starts_with("mail-") && id.ends_with("-sms") && *id != "mail-sms");
        assert!(short.clone().count() > 20, "{language:?}");
        for (id, message) in short {
            let words = &message.words;
            assert!(
                words.starts_with(begin) || id == "mail-code-sms" && words.contains("Tessera"),
                "{language:?}: {id}: {words}"
            );
            assert!(!words.ends_with(['.', '\u{3002}']), "{language:?}: {id}");
        }
    }
}

/// Who shows a text must not find a language without it.
#[test]
fn what_a_language_lacks_is_said_in_english() {
    for language in Language::ALL {
        let locale = Locale::new(language);
        for text in [
            money::TITLE,
            limits::purchases(3),
            money::loaded_amount("5"),
        ] {
            let said = locale.say(&text);
            assert!(
                !said.is_empty() && !said.contains("money-"),
                "{language:?}: {said}"
            );
        }
    }
}

#[test]
fn names_and_amounts_keep_their_direction_in_arabic_only() {
    let said = |language| {
        Locale::new(language)
            .say(money::loaded_amount("5 USD"))
            .into_owned()
    };
    assert!(
        said(Language::Arabic).contains("\u{2068}5 USD\u{2069}")
            || !Language::COMPLETE.contains(&Language::Arabic)
    );
    let masked = Locale::new(Language::Arabic).say(money::loaded_amount("**** 0018"));
    assert!(masked.contains("\u{2068}\u{200e}**** 0018\u{2069}"));
    for language in Language::ALL {
        if !language.is_right_to_left() {
            assert!(!said(language).contains('\u{2068}'), "{language:?}");
        }
    }
}

#[test]
fn codes_names_and_directions() {
    let codes: BTreeSet<_> = Language::ALL.map(Language::code).into();
    let names: BTreeSet<_> = Language::ALL.map(Language::own_name).into();
    assert_eq!((codes.len(), names.len()), (6, 6));
    for language in Language::ALL {
        assert_eq!(language.identifier().language.as_str(), language.code());
        assert!(
            SOURCES
                .iter()
                .any(|(folder, ..)| *folder == language.code())
                || !Language::COMPLETE.contains(&language)
        );
    }
    for language in Language::COMPLETE {
        assert_eq!(Language::from_code(language.code()), Some(*language));
    }
    assert_eq!(Language::from_code("xx"), None);
    assert_eq!(Language::from_code(""), None);
    assert_eq!(Language::Arabic.direction(), "rtl");
    assert_eq!(Language::Korean.direction(), "ltr");
}

/// Only among the languages that are offered: the others are as good as unknown.
#[test]
fn the_language_is_the_one_that_the_browser_likes_best() {
    let english = Some((Language::English, "en"));
    assert_eq!(asked_for("en"), english);
    assert_eq!(asked_for("tlh, en;q=0.1"), english);
    assert_eq!(asked_for("en-GB;q=0.5, en;q=0.9"), english);
    assert_eq!(
        asked_for("en-US, en;q=0.9"),
        Some((Language::English, "en-US"))
    );
    assert_eq!(
        asked_for(" EN-gb ; q=0.3 "),
        Some((Language::English, "EN-gb"))
    );
    for nothing in [
        "",
        "*",
        "tlh",
        "en;q=0",
        "en;q=0.0",
        "en;q=2",
        "en;q=x",
        "en;",
        ";;,,",
        "\u{1F600}",
    ] {
        assert_eq!(asked_for(nothing), None, "{nothing}");
    }
    // What is behind the first 256 bytes is not read, wherever the cut is.
    assert_eq!(asked_for(&format!("{}en", "\u{20ac},".repeat(100))), None);
    assert_eq!(Locale::of("").language(), Language::English);
    for language in Language::COMPLETE {
        let header = format!("tlh, {}-XX;q=0.9, en;q=0.8", language.code());
        assert_eq!(Locale::of(&header).language(), *language);
    }
}

#[test]
fn dates_of_messages_are_read_alike_everywhere() {
    let at = 1_795_340_700_000;
    let english = Locale::of_messages(Language::English);
    assert_eq!(english.long_day(at), "22 November 2026");
    for language in Language::ALL {
        let day = Locale::of_messages(language).long_day(at);
        assert!(
            day.contains("22") && day.contains("2026"),
            "{language:?}: {day}"
        );
    }
}

#[test]
fn digits_are_the_same_in_every_language() {
    for language in Language::ALL {
        let locale = Locale::new(language);
        let money = locale.money(Money::new(123_456, Currency::USD));
        let all = [money, locale.whole(12_345), locale.day(1_795_340_700_000)];
        for written in all {
            let digits = written.chars().filter(|sign| sign.is_numeric());
            assert!(digits.clone().count() > 0, "{written}");
            for digit in digits {
                assert!(digit.is_ascii_digit(), "{language:?}: {written}");
            }
        }
    }
}
