//! Examples for each command, as `--help` and the manual pages show them. A test parses every one.

/// Arguments behind `tessera`, and what they do.
pub type Example = (&'static str, &'static str);

/// The examples of a command by its path, as in `control block`.
pub fn of(path: &str) -> Option<&'static [Example]> {
    let found = ALL.iter().find(|(command, _)| *command == path);
    found.map(|(_, examples)| *examples)
}

/// In the order of `--help`.
pub const ALL: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "demo --open",
                "Try the whole system, with a start page in the browser",
            ),
            ("switch --config /etc/tessera/switch.toml", "Run a switch"),
            (
                "explain --reference 632609000002",
                "See why a purchase was declined",
            ),
        ],
    ),
    (
        "demo",
        &[
            ("demo --open", "Run until Ctrl-C, and show the start page"),
            (
                "demo --cluster --kill-after 10s --for 40s",
                "Watch a standby take over",
            ),
            (
                "demo --data /tmp/demo --for 20s",
                "Run as a check in a script",
            ),
        ],
    ),
    (
        "switch",
        &[
            ("switch", "Run with config/switch.toml"),
            (
                "switch --config /etc/tessera/switch.toml --check",
                "Check a configuration before a restart",
            ),
        ],
    ),
    (
        "wallet",
        &[
            ("wallet", "Run with config/wallet.toml"),
            (
                "wallet --config /etc/tessera/wallet.toml --check",
                "Check a configuration before a restart",
            ),
        ],
    ),
    (
        "host",
        &[
            ("host", "Run with config/host.toml, and keep nothing"),
            (
                "host --data data/host --set faults.drop_share=0.1",
                "Lose one answer in ten",
            ),
        ],
    ),
    (
        "shop",
        &[(
            "shop --data /tmp/shop",
            "Run with config/shop.toml, with orders elsewhere",
        )],
    ),
    (
        "mail",
        &[(
            "mail --smtp 127.0.0.1:2525 --page 127.0.0.1:8026",
            "Run beside a demo, at other ports",
        )],
    ),
    (
        "console",
        &[
            ("console", "Run with config/console.toml"),
            (
                "console --config /etc/tessera/console.toml --check",
                "Check a configuration before a restart",
            ),
        ],
    ),
    (
        "console add",
        &[(
            "console add ada --role support --reason 'new in the team'",
            "Let Ada see and block",
        )],
    ),
    (
        "console list",
        &[("console list --json", "See who may sign in")],
    ),
    (
        "console replace",
        &[(
            "console replace ada --role settle --reason 'closes the days from now on'",
            "Give Ada a new token and another role",
        )],
    ),
    (
        "console remove",
        &[(
            "console remove ada --reason 'has left'",
            "Take Ada's access away at once",
        )],
    ),
    (
        "cluster",
        &[("cluster status", "See the nodes, and which one is active")],
    ),
    (
        "cluster begin",
        &[(
            "cluster begin --config /etc/tessera/switch.toml",
            "Begin the log on the first node",
        )],
    ),
    (
        "cluster leave",
        &[
            ("cluster leave", "Detach the node that was active last"),
            (
                "cluster leave --accept-standby-copy",
                "Continue with the copy of a standby",
            ),
        ],
    ),
    (
        "cluster status",
        &[
            ("cluster status", "See nodes and etcd as a table"),
            ("cluster status --json", "Read the same in a program"),
        ],
    ),
    (
        "cluster join",
        &[(
            "cluster join --config /etc/tessera/switch.toml",
            "Check a new node before its first start",
        )],
    ),
    (
        "cluster hand-over",
        &[
            ("cluster hand-over", "Make the fastest standby active"),
            ("cluster hand-over --to n2", "Make node n2 active"),
        ],
    ),
    (
        "cluster take-over",
        &[(
            "cluster take-over --force --node n2",
            "Have n2 take over from a node that hangs",
        )],
    ),
    (
        "control",
        &[
            ("control show", "See all blocks, controls and decisions"),
            (
                "control block --card 9900000000000010 --reason 'reported stolen'",
                "Block the wallet of a card",
            ),
        ],
    ),
    (
        "control block",
        &[
            (
                "control block --card 9900000000000010 --reason 'reported stolen'",
                "Block the wallet of a card",
            ),
            (
                "control block --cards 990000-990004 --reason 'bin attack'",
                "Block card numbers by their prefixes",
            ),
            (
                "control block --merchant SHOP-77 --by Ada --reason 'case 4711'",
                "Block a merchant, on behalf of Ada",
            ),
        ],
    ),
    (
        "control unblock",
        &[(
            "control unblock --card 9900000000000010 --reason 'found again'",
            "Remove a block",
        )],
    ),
    (
        "control set",
        &[
            (
                "control set --wallet 42 --no-categories 7995 --reason 'as agreed'",
                "Forbid a merchant category",
            ),
            (
                "control set --card 9900000000000010 --countries 840 --ecommerce-only --reason agreed",
                "Allow one country and e-commerce only, for one card",
            ),
            (
                "control set --wallet 42 --reason 'no longer wanted'",
                "Remove all controls",
            ),
        ],
    ),
    (
        "control begin-day",
        &[(
            "control begin-day --reason 'year end'",
            "Begin the next settlement date now",
        )],
    ),
    (
        "control show",
        &[
            (
                "control show --card 9900000000000010",
                "See what was decided about one wallet",
            ),
            (
                "control show --json --socket /run/tessera/operations.sock",
                "Read all decisions in a program",
            ),
        ],
    ),
    (
        "outbox",
        &[("outbox list", "See the messages that were given up")],
    ),
    (
        "outbox list",
        &[
            ("outbox list", "See the messages that were given up"),
            ("outbox list --json", "Read them in a program"),
        ],
    ),
    (
        "outbox retry",
        &[
            (
                "outbox retry 1a2b.0 --reason 'the payer asked'",
                "Retry one message",
            ),
            (
                "outbox retry --all --reason 'case 4711'",
                "Retry all, after the mail server was repaired",
            ),
        ],
    ),
    (
        "outbox drop",
        &[(
            "outbox drop --all --reason 'older than a week'",
            "Drop all messages that were given up",
        )],
    ),
    ("saf", &[("saf list", "See the advices that were refused")]),
    (
        "saf list",
        &[
            ("saf list", "See the advices that were refused"),
            ("saf list --json", "Read them in a program"),
        ],
    ),
    (
        "saf show",
        &[(
            "saf show 2a.9327e8b2f2.undo",
            "See the message of one advice",
        )],
    ),
    (
        "saf retry",
        &[(
            "saf retry 2a.9327e8b2f2.undo --reason 'fixed on their side'",
            "Resend one advice",
        )],
    ),
    (
        "saf drop",
        &[(
            "saf drop 2a.9327e8b2f2.undo --reason 'booked by hand'",
            "Drop one advice",
        )],
    ),
    ("keys", &[("keys list", "See the keys of the data")]),
    (
        "keys list",
        &[
            ("keys list", "See the keys of the data"),
            ("keys list --json", "Read them in a program"),
        ],
    ),
    (
        "keys rotate",
        &[(
            "keys rotate --config /etc/tessera/switch.toml",
            "Encrypt new data with a new key",
        )],
    ),
    (
        "keys rewrap",
        &[("keys rewrap --new-config new.toml", "Change the master key")],
    ),
    (
        "keys accept-lost-wallet-keys",
        &[(
            "keys accept-lost-wallet-keys",
            "Let the switch start without a file that is lost",
        )],
    ),
    (
        "keys verify",
        &[(
            "keys verify --data restored",
            "Check that the keys of a restored folder are complete",
        )],
    ),
    (
        "keys make",
        &[
            ("keys make --bits 256 keys/master.key", "Make a master key"),
            ("keys make keys/north.key", "Make a MAC key"),
        ],
    ),
    (
        "keys check",
        &[(
            "keys check keys/north.key",
            "Print the check value to compare by telephone",
        )],
    ),
    (
        "keys wrap",
        &[(
            "keys wrap keys/north.key --under keys/north-kek.key",
            "Wrap a MAC key for a profile",
        )],
    ),
    (
        "backup",
        &[
            ("backup --to /mnt/backup", "Copy what is new, and verify it"),
            (
                "backup --to tessera@standby.example:/var/backup --follow",
                "Keep a copy on another machine, a second behind",
            ),
            (
                "backup --to /mnt/backup --verify --json",
                "Verify the whole backup, from a program",
            ),
        ],
    ),
    (
        "restore",
        &[
            (
                "restore --from /mnt/backup --to restored",
                "Restore the end of a backup",
            ),
            (
                "restore --from /mnt/backup --to restored --at 2026-11-23T10:30:00Z",
                "Restore an earlier time",
            ),
        ],
    ),
    (
        "recover",
        &[
            (
                "recover --plan --data restored --host-list list.csv",
                "See what a restored journal lacks",
            ),
            (
                "recover --apply --data restored --host-list list.csv --reason 'the disk was lost'",
                "Bring it into the wallets",
            ),
        ],
    ),
    (
        "journal",
        &[(
            "journal repair --reason 'the clock was set back'",
            "Record that references fall",
        )],
    ),
    (
        "journal repair",
        &[(
            "journal repair --reason 'the clock was set back'",
            "Record that references fall",
        )],
    ),
    (
        "certs",
        &[
            ("certs config/certs", "Make what is missing"),
            ("certs --force config/certs", "Renew all"),
            (
                "certs --party 10000000007 --name shop.example config/certs",
                "Make one for a mall or an acquirer",
            ),
        ],
    ),
    (
        "provision",
        &[(
            "provision --cards 1000 --balance 1000000",
            "Make 1,000 cards with 10,000.00 each",
        )],
    ),
    (
        "simulate",
        &[
            ("simulate approve", "Play a purchase by card"),
            (
                "simulate refund --party 10000000001 --amount 4200",
                "Play a mall whose payer agrees by itself",
            ),
            (
                "simulate decline --json",
                "Read what went over the wire in a script",
            ),
        ],
    ),
    (
        "load",
        &[
            (
                "load --cards 1 --connections 1 --rate 1 --duration 1s --mix purchases=100",
                "Send one purchase",
            ),
            (
                "load --party 10000000001 --cards 100 --rate 50",
                "Buy by order, as an affiliated mall",
            ),
            (
                "load --rate 5000 --connections 32 --duration 2m --json run.json --html run.html",
                "Measure, keep the figures, and see them as a page",
            ),
            (
                "load --scenario config/load/faults.toml --threshold 'p99 < 50ms'",
                "Play a scenario, with one more threshold",
            ),
        ],
    ),
    (
        "load compare",
        &[
            (
                "load compare before.json after.json",
                "See whether a change made a difference",
            ),
            (
                "load compare before.json after.json --html both.html",
                "See both runs one over the other",
            ),
        ],
    ),
    (
        "certify",
        &[
            ("certify --list", "Print the cases, as a specification"),
            (
                "certify --party 20000000001 --sandbox",
                "Test a development switch",
            ),
            (
                "certify --party 10000000001 --sandbox",
                "The same as a mall, with payers who agree by themselves",
            ),
            (
                "certify --party ours.toml --target switch.example:8583 --card 9900000000000010=3112",
                "Test another switch with your own profile",
            ),
        ],
    ),
    (
        "explain",
        &[
            ("explain --reference 632609000002", "Find it by field 37"),
            (
                "explain --party 20000000001 --trace 2 --date 1122",
                "Find it by fields 32, 11 and 13",
            ),
            (
                "explain --mall MALL-0001 --order ORDER-1 --json",
                "Find it by order number, in a program",
            ),
        ],
    ),
    (
        "audit",
        &[
            ("audit", "Audit the whole journal"),
            (
                "audit --since last.audit --result last.audit",
                "Continue where the last audit ended",
            ),
            ("audit --json", "Read the totals in a program"),
        ],
    ),
    (
        "recon",
        &[
            (
                "recon --date 2026-11-23 --party 20000000001",
                "List what one party is owed, and for what",
            ),
            (
                "recon --date 2026-11-23 --party 20000000001 --against theirs.csv",
                "Compare with the party's list",
            ),
            (
                "recon --date 2026-11-23 --json",
                "Read all items in a program",
            ),
        ],
    ),
    (
        "export",
        &[
            (
                "export --from 2026-11-23 --to 2026-11-24 --format csv",
                "Write one day to standard output",
            ),
            (
                "export --from 2026-11-01 --to 2026-12-01 --format parquet --out november.parquet",
                "Write a month to a file",
            ),
        ],
    ),
    (
        "decode",
        &[
            (
                "decode 0800a238000000c000080400000000000000112213000000000113000011220920000000002",
                "Read a message that was pasted",
            ),
            (
                "decode --json capture.pcapng",
                "Read all messages of a capture, in a program",
            ),
            ("decode -", "Read standard input"),
        ],
    ),
    (
        "extension",
        &[
            ("extension out", "Make the packages for a demo"),
            (
                "extension out --wallet https://wallet.example",
                "Make what the stores of Chrome and Firefox take",
            ),
        ],
    ),
    (
        "doctor",
        &[(
            "doctor capture.pcapng",
            "See how the other side packs its messages",
        )],
    ),
    (
        "completions",
        &[
            (
                "completions bash",
                "Print those of bash, to source in ~/.bashrc",
            ),
            (
                "completions zsh",
                "Print those of zsh, for a file _tessera in its $fpath",
            ),
        ],
    ),
    (
        "man",
        &[(
            "man target/man",
            "Write the pages; `man target/man/tessera.1` shows one",
        )],
    ),
    (
        "version",
        &[
            ("version", "See version, build and formats"),
            ("version --json", "Compare two installations in a program"),
        ],
    ),
];
