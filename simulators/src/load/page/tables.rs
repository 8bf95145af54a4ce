//! The tables of a page.

use maud::{Markup, html};
use tessera_protocol::{Currency, ResponseCode, money_text};

use crate::load::report::about::About;
use crate::load::report::reason::Reason;
use crate::load::report::{Latency, Report};
use crate::load::scenario::faults::FaultCounts;
use crate::load::words::{count, latency, share};

/// A number with one digit behind the point, or none if that is 0.
pub fn number(figure: f64) -> String {
    let text = format!("{figure:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Answers by code, the most frequent first.
pub fn codes(report: &Report) -> Markup {
    let mut codes: Vec<_> = report.codes.iter().collect();
    codes.sort_by_key(|(_, answers)| std::cmp::Reverse(**answers));
    html! {
        div class="scroll" {
            table {
                thead { tr {
                    th { "code" } th class="words" { "means" } th { "answers" } th { "share" } th class="meter" { span hidden { "share" } }
                } }
                tbody {
                    @for (code, answers) in codes {
                        @let (words, class) = meaning(code);
                        @let per_cent = *answers as f64 * 100.0 / report.answered.max(1) as f64;
                        tr {
                            th scope="row" { (code) }
                            td class={ "words " (class) } { (words) }
                            td { (count(*answers)) }
                            td { (share(*answers, report.answered)) }
                            td class="meter" aria-hidden="true" { span class="share" style={ "width:" (format!("{per_cent:.1}")) "%" } {} }
                        }
                    }
                }
            }
        }
    }
}

fn meaning(code: &str) -> (&'static str, &'static str) {
    let &[tens, ones] = code.as_bytes() else {
        return (Reason::Other.words(), "bad");
    };
    let reason = Reason::of([tens, ones]);
    let words = ResponseCode::new([tens, ones]).meaning();
    let class = match reason {
        Reason::Approved => "good",
        Reason::Funds | Reason::Limits | Reason::Card | Reason::Declined => "",
        Reason::Refused | Reason::Unavailable | Reason::Other => "bad",
    };
    (words.unwrap_or(reason.words()), class)
}

/// Latencies by kind of request.
pub fn kinds(report: &Report) -> Markup {
    let mut kinds: Vec<_> = report
        .kinds
        .iter()
        .filter(|(_, kind)| kind.sent > 0)
        .collect();
    kinds.sort_by_key(|(_, kind)| std::cmp::Reverse(kind.sent));
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Kinds of requests" {
            table {
                thead { tr {
                    th { "kind" } th { "sent" } th { "answered" } th { "p50" } th { "p90" } th { "p99" } th { "p99.9" } th { "longest" }
                } }
                tbody {
                    @for (name, kind) in &kinds {
                        tr {
                            th scope="row" { (name) }
                            td { (count(kind.sent)) } td { (count(kind.answered)) }
                            (cells(&kind.latency))
                        }
                    }
                    @if kinds.len() > 1 {
                        tr {
                            th scope="row" { "all" }
                            td { (count(report.sent)) } td { (count(report.answered)) }
                            (cells(&report.latency))
                        }
                    }
                }
            }
        }
    }
}

fn cells(of: &Latency) -> Markup {
    let Latency {
        p50_us,
        p90_us,
        p99_us,
        p999_us,
        max_us,
    } = *of;
    html! {
        @for figure in [p50_us, p90_us, p99_us, p999_us, max_us] {
            td { (latency(figure as f64)) }
        }
    }
}

/// What had to hold, and whether it does.
pub fn thresholds(report: &Report) -> Markup {
    html! {
        @if !report.thresholds.is_empty() {
            section {
                h2 { "Thresholds" }
                div class="scroll" {
                    table {
                        thead { tr { th { "must hold" } th { "found" } th { "" } } }
                        tbody {
                            @for threshold in &report.thresholds {
                                tr {
                                    th scope="row" { code { (threshold.check) } }
                                    td { (threshold.found) }
                                    @if threshold.passed {
                                        td class="good" { "✓ passed" }
                                    } @else if threshold.aborted {
                                        td class="bad" { "✗ failed, and ended the run" }
                                    } @else {
                                        td class="bad" { "✗ failed" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The stages of a scenario, and what went wrong on purpose.
pub fn stages(report: &Report) -> Markup {
    let faults = &report.faults;
    html! {
        @if !report.stages.is_empty() {
            section {
                h2 { "Stages" }
                div class="scroll" tabindex="0" role="region" aria-label="Stages" {
                    table {
                        thead { tr {
                            th { "stage" } th { "from" } th { "pace" } th { "answers/s" } th { "errors" } th { "p50" } th { "p90" } th { "p99" } th { "p99.9" } th { "longest" }
                        } }
                        tbody {
                            @for stage in &report.stages {
                                tr {
                                    th scope="row" { (stage.name) }
                                    td { (number(stage.at)) " s" } td { (stage.pace) }
                                    td { (count(stage.requests_per_second.round() as u64)) } td { (count(stage.errors)) }
                                    (cells(&stage.latency))
                                }
                            }
                        }
                    }
                }
            }
        }
        @if *faults != FaultCounts::default() {
            p class="pale" {
                "On purpose: " (count(faults.duplicates)) " requests sent twice, " (count(faults.late_repeats)) " repeated late, "
                (count(faults.disconnects)) " connections cut in the middle of a request."
            }
        }
    }
}

/// What was checked, and what came of it.
pub fn proof(report: &Report) -> Markup {
    let row = |is_right: bool, what: &str, found: String| {
        html! {
            tr {
                th scope="row" { (what) }
                td { (found) }
                td class=(if is_right { "good" } else { "bad" }) { (if is_right { "✓ right" } else { "✗ wrong" }) }
            }
        }
    };
    html! {
        table class="facts" {
            tbody {
                (row(report.unanswered == 0, "every request answered", format!("{} of {}", count(report.sent - report.unanswered.min(report.sent)), count(report.sent))))
                (row(report.violations == 0, "every answer as predicted", format!("{} wrong", count(report.violations))))
                (row(report.accounts_differing == 0, "every balance the sum of the answers",
                    format!("{} compared, {} differ, {} uncertain", count(report.accounts_compared), count(report.accounts_differing), count(report.accounts_uncertain))))
                @if let Some(agrees) = report.host_tally_agrees {
                    (row(agrees, "the financial system's tally", format!("{} net", money_text(report.net_approved, Currency::USD))))
                }
            }
        }
        @if !report.violations_shown.is_empty() {
            ul class="remedies" {
                @for violation in &report.violations_shown {
                    li class="bad" { (violation) }
                }
            }
        }
    }
}

/// Machine and settings.
pub fn about(about: &About) -> Markup {
    html! {
        table class="facts" {
            tbody {
                tr { th scope="row" { "machine" } td { (about.machine.words()) } }
                tr { th scope="row" { "load generator" } td { (about.product.words()) } }
                tr { th scope="row" { "started" } td { (about.started) } }
                @if !about.command.is_empty() {
                    tr { th scope="row" { "command" } td { code { (about.command) } } }
                }
                @for (name, value) in &about.settings {
                    tr { th scope="row" { (name.replace('_', " ")) } td { (value) } }
                }
            }
        }
    }
}
