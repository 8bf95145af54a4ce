use std::time::{Duration, Instant};

use super::{Addresses, AddressesError, CONNECT_WITHIN, REST, reach, reach_blocking};

fn addresses(text: &str) -> Addresses {
    text.parse().unwrap()
}

/// The hosts of a round, each of which fails at once.
fn walk(addresses: &Addresses) -> String {
    let mut round = addresses.round();
    let mut hosts = Vec::new();
    while let Some(address) = round.next_address() {
        hosts.push(address.host().to_owned());
        round.failed("refused");
    }
    hosts.join(" ")
}

/// Tries the addresses until this one, which works.
fn works_at(addresses: &Addresses, host: &str) {
    let mut round = addresses.round();
    while let Some(address) = round.next_address() {
        if address.host() == host {
            return round.worked();
        }
        round.failed("refused");
    }
    panic!("{host} was not tried");
}

#[test]
fn reads_names_and_ip_addresses_of_both_kinds() {
    let stated = "switch-1.example:8583,10.0.0.1:8583,[fd00::1]:8583,localhost:1";
    let addresses = addresses(stated);
    assert_eq!(addresses.to_string(), stated);
    assert_eq!(
        walk(&addresses),
        "switch-1.example 10.0.0.1 fd00::1 localhost"
    );
    assert_eq!(
        super::tests::addresses(" a:1 , b:2 ").to_string(),
        "a:1,b:2"
    );
}

#[test]
fn refuses_what_is_no_list_of_addresses() {
    for text in [
        "",
        "a",
        "a:",
        ":1",
        "a:0",
        "a:65536",
        "a:+1",
        "fd00::1:8583",
        "[fd00::1]",
        "[a]:1",
        "a:1,",
        "a b:1",
        "http://a:1",
        "10.0.0.1:0",
        "a:1;b:2",
    ] {
        let refused = text.parse::<Addresses>();
        assert!(
            matches!(refused, Err(AddressesError::Shape(_))),
            "{text}: {refused:?}"
        );
    }
    let twice = "a:1,b:1,a:1".parse::<Addresses>().unwrap_err();
    assert_eq!(twice.to_string(), "a:1 is stated twice");
    assert_eq!(Addresses::new([]).unwrap_err(), AddressesError::Count);
    let many: Vec<_> = (1..=17).map(|port| format!("a:{port}")).collect();
    let refused = Addresses::new(many.iter().map(String::as_str));
    assert_eq!(refused.unwrap_err(), AddressesError::Count);
}

#[test]
fn a_configuration_has_a_text_or_a_list() {
    let read = |value: &str| {
        let text = format!("{{\"at\":{value}}}");
        let read = serde_json::from_str::<std::collections::BTreeMap<String, Addresses>>(&text);
        read.map(|map| map["at"].to_string())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("\"a:1\"").unwrap(), "a:1");
    assert_eq!(read("\"a:1,b:2\"").unwrap(), "a:1,b:2");
    assert_eq!(read("[\"a:1\", \"[::1]:2\"]").unwrap(), "a:1,[::1]:2");
    assert!(read("[]").unwrap_err().contains("1 to 16"));
    assert!(read("[\"a\"]").unwrap_err().contains("is not an address"));
    assert!(read("7").unwrap_err().contains("or a list of addresses"));
}

#[test]
fn begins_with_the_one_that_worked_last_and_wraps_around() {
    let addresses = addresses("a:1,b:1,c:1");
    assert_eq!(walk(&addresses), "a b c");
    assert_eq!(walk(&addresses), "a b c");
    works_at(&addresses, "b");
    assert_eq!(walk(&addresses), "b c a");
    works_at(&addresses, "c");
    assert_eq!(walk(&addresses), "c a b");
}

#[test]
fn clones_and_threads_share_what_worked() {
    let addresses = addresses("a:1,b:1,c:1");
    let clone = addresses.clone();
    std::thread::spawn(move || works_at(&clone, "b"))
        .join()
        .unwrap();
    assert_eq!(walk(&addresses), "b c a");
}

#[test]
fn an_address_that_hung_is_left_out_for_a_while_and_then_tried_by_one() {
    let addresses = addresses("a:1,b:1,c:1");
    let begun = Instant::now();
    let at = |milliseconds| begun + Duration::from_millis(milliseconds);
    addresses.failed(0, CONNECT_WITHIN, at(0));
    assert_eq!(addresses.places(at(10)), [1, 2]);
    let over = at(10) + REST;
    assert_eq!(addresses.places(over), [0, 1, 2]);
    // One client tries it now. The others do not meanwhile.
    addresses.try_next(0, over);
    assert_eq!(addresses.places(over), [1, 2]);
    // It refuses: the machine is there again.
    addresses.failed(0, Duration::from_millis(1), over);
    assert_eq!(addresses.places(over), [0, 1, 2]);
}

#[test]
fn if_all_hang_all_are_tried() {
    let addresses = addresses("a:1,b:1");
    addresses.hung(&"a:1".parse().unwrap());
    assert_eq!(walk(&addresses), "b");
    addresses.hung(&"b:1".parse().unwrap());
    addresses.hung(&"not-ours:1".parse().unwrap());
    assert_eq!(walk(&addresses), "a b");
}

#[test]
fn says_what_every_address_has_said() {
    let addresses = addresses("a:1,b:2");
    let mut round = addresses.round();
    for error in ["refused", "no such name"] {
        round.next_address();
        round.failed(error);
    }
    assert!(round.next_address().is_none());
    assert_eq!(
        round.into_failures().to_string(),
        "a:1: refused; b:2: no such name"
    );
}

#[test]
fn connects_where_somebody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let open = Addresses::from(listener.local_addr().unwrap());
    // Bound, and not listening: refused at once.
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    rustix::net::bind(&socket, &address).unwrap();
    let bound = rustix::net::getsockname(&socket).unwrap();
    let bound = std::net::SocketAddr::try_from(bound).unwrap();
    let closed = Addresses::from(bound);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(reach(&open.0.all[0]).await.is_ok());
        let refused = reach(&closed.0.all[0]).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    });
    assert!(reach_blocking(&open.0.all[0]).is_ok());
    let refused = reach_blocking(&closed.0.all[0]).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}
