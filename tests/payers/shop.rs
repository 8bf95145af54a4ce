//! The demonstration shops before a real switch and financial system: what a browser sends them, and where the money is
//! afterwards.

use crate::rig::leased::Line;
use crate::rig::shop::{Page, Shops, get, post_form, post_json};
use crate::rig::wire::{MALL, card_number};
use crate::rig::{Rig, wait_for};

/// What every card has at first.
const BALANCE: u64 = 100_000;

fn rig(host: &[&str]) -> Rig {
    let mut rig = Rig::new(2, BALANCE);
    rig.start_host(host);
    rig.start_switch();
    rig.wait_until_ready();
    rig
}

/// The order that a redirect leads to.
fn order_of(page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.text);
    let order = page.location.strip_prefix("/orders/").expect("an order");
    order.trim_end_matches("/pay").to_owned()
}

/// The number that a checkout has drawn for its order.
fn drawn(at: std::net::SocketAddr, checkout: &str) -> String {
    let page = get(at, checkout, "").text;
    let number = page
        .split_once("name=\"order\" value=\"")
        .and_then(|(_, rest)| rest.split('"').next());
    number
        .unwrap_or_else(|| panic!("no number in {page}"))
        .to_owned()
}

/// Pays on the plain form.
fn buy(at: std::net::SocketAddr, good: &str, number: &str) -> Page {
    let checkout = format!("/buy/{good}/plain");
    let order = drawn(at, &checkout);
    let form = format!("order={order}&name=A&number={number}&expiry=12%2F31&csc=");
    post_form(at, &checkout, "", &form)
}

fn status(at: std::net::SocketAddr, order: &str) -> String {
    get(at, &format!("/orders/{order}/state"), "").value("status")
}

#[test]
fn a_card_buys_in_all_three_checkouts_and_a_clerk_takes_it_back() {
    let rig = rig(&[]);
    let shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);
    let number = card_number(1);

    let order = order_of(&buy(shops.unaffiliated, "round", &number));
    let page = get(shops.unaffiliated, &format!("/orders/{order}"), "");
    assert!(
        page.text.contains("data-status=\"paid\"") && page.text.contains("id=\"authorization\"")
    );
    assert_eq!(line.balance("1"), (BALANCE - 1_250, BALANCE - 1_250));

    let number_drawn = drawn(shops.unaffiliated, "/buy/star/controlled");
    let body = format!(
        r#"{{"order":"{number_drawn}","name":"A","number":"{number}","month":"12","year":"2031","csc":"000"}}"#
    );
    let controlled = post_json(shops.unaffiliated, "/buy/star/controlled", &body);
    assert_eq!(
        status(shops.unaffiliated, &controlled.value("order")),
        "paid"
    );

    let body = format!(r#"{{"number":"{number}","expiry":"12 / 31","csc":""}}"#);
    let token = post_json(shops.frame, "/tokens", &body).value("token");
    let [number_drawn, another] = [(); 2].map(|()| drawn(shops.unaffiliated, "/buy/string/framed"));
    let body = format!(r#"{{"order":"{number_drawn}","name":"A","token":"{token}"}}"#);
    let framed = post_json(shops.unaffiliated, "/buy/string/framed", &body);
    assert_eq!(status(shops.unaffiliated, &framed.value("order")), "paid");
    let body = body.replace(&number_drawn, &another);
    assert_eq!(
        post_json(shops.unaffiliated, "/buy/string/framed", &body).status,
        422,
        "the token is used"
    );
    let left = BALANCE - 1_250 - 1_675 - 2_499;
    assert_eq!(line.balance("1"), (left, left));

    let clerk = post_form(
        shops.unaffiliated,
        &format!("/clerk/{order}/cancel"),
        "",
        "",
    );
    assert_eq!(clerk.status, 303);
    assert_eq!(status(shops.unaffiliated, &order), "cancelled");
    assert_eq!(line.balance("1"), (left + 1_250, left + 1_250));

    // Nothing of it but what was captured on purpose holds the number.
    for file in ["unaffiliated.orders", "unaffiliated.acquiring"] {
        let text = std::fs::read_to_string(rig.path(&format!("data/shop/{file}"))).expect("a file");
        assert!(
            text.contains(&order) && !text.contains(&number),
            "{file}: {text}"
        );
    }
    assert!(!rig.log("shop").contains(&number));
}

#[test]
fn a_form_that_is_sent_twice_is_one_order() {
    let rig = rig(&[]);
    let shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);
    let shop = shops.unaffiliated;
    let number = card_number(1);

    let order = drawn(shop, "/buy/round/plain");
    let form = format!("order={order}&number={number}&expiry=12%2F31");
    let twice = [(); 2].map(|()| order_of(&post_form(shop, "/buy/round/plain", "", &form)));
    assert_eq!(twice, [order.clone(), order.clone()]);

    let order = drawn(shop, "/buy/star/controlled");
    let body = format!(r#"{{"order":"{order}","number":"{number}","month":"12","year":"2031"}}"#);
    let twice = [(); 2].map(|()| post_json(shop, "/buy/star/controlled", &body).value("order"));
    assert_eq!(twice, [order.clone(), order.clone()]);

    // Whether the frame is asked for one token or for two.
    let order = drawn(shop, "/buy/string/framed");
    let card = format!(r#"{{"number":"{number}","expiry":"12 / 31","csc":""}}"#);
    let tokens = [(); 2].map(|()| post_json(shops.frame, "/tokens", &card).value("token"));
    for token in [&tokens[0], &tokens[0], &tokens[1]] {
        let body = format!(r#"{{"order":"{order}","token":"{token}"}}"#);
        let paid = post_json(shop, "/buy/string/framed", &body);
        assert_eq!(paid.value("order"), order);
    }

    let left = BALANCE - 1_250 - 1_675 - 2_499;
    assert_eq!(line.balance("1"), (left, left));
    // A number that is none of the shop's orders nothing.
    for order in ["", "TC-23456789ABCD", "../../clerk"] {
        let form = format!("order={order}&number={number}&expiry=12%2F31");
        let page = post_form(shop, "/buy/round/plain", "", &form);
        assert_eq!(page.status, 404, "{order}");
    }
}

#[test]
fn an_invalid_quantity_is_refused_with_a_message() {
    let rig = Rig::new(0, 0);
    let shops = Shops::start(&rig, &[]);
    let basket = post_form(shops.affiliated, "/basket", "", "good=cup&add=1").cookie;
    let cookie = format!("cookie: {basket}\r\n");
    for typed in ["", "-1", "two"] {
        let form = format!("good=cup&set={typed}");
        let page = post_form(shops.affiliated, "/basket", &cookie, &form);
        assert_eq!(page.status, 422, "{typed}");
        assert!(
            page.text.contains("a quantity from 0 to 99"),
            "{}",
            page.text
        );
        assert!(page.text.contains("Cup and saucer"), "{}", page.text);
    }
}

#[test]
fn declines_are_shown_with_their_reason() {
    let rig = rig(&["rules.endings.6495=05"]);
    let shops = Shops::start(&rig, &[]);
    for (good, serial, code) in [("storm", 1, "05"), ("round", 999, "14")] {
        let order = order_of(&buy(shops.unaffiliated, good, &card_number(serial)));
        let page = get(shops.unaffiliated, &format!("/orders/{order}"), "").text;
        assert!(
            page.contains("Declined") && page.contains(&format!("id=\"code\">{code}<")),
            "{page}"
        );
        let again = format!("href=\"/buy/{good}/plain\"");
        assert!(page.contains(&again), "{page}");
    }
    // What is no card never gets to the switch.
    let page = buy(shops.unaffiliated, "round", "9900000000000011");
    assert!(page.status == 422 && page.text.contains("not a card number"));
    assert!(
        !page.text.contains("9900000000000011"),
        "typed numbers are not shown again"
    );
}

#[test]
fn an_order_is_paid_by_the_payer_who_agreed_and_the_shop_learns_nothing_of_them() {
    let rig = rig(&[]);
    let shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);
    let shop = shops.affiliated;

    let basket = post_form(shop, "/basket", "", "good=assam&add=1").cookie;
    let basket = post_form(
        shop,
        "/basket",
        &format!("cookie: {basket}\r\n"),
        "good=cup&set=2&amount=1",
    )
    .cookie;
    let cookie = format!("cookie: {basket}\r\n");
    assert!(get(shop, "/basket", &cookie).text.contains("48.99 USD"));
    let order = order_of(&post_form(shop, "/orders", &cookie, ""));
    let page = get(shop, &format!("/orders/{order}/pay"), "").text;
    for part in [
        "src=\"http://localhost:8080/tessera.js\"",
        "data-mall=\"MALL-0001\"",
        "data-amount=\"4899\"",
        "data-currency=\"840\"",
        "2 x Cup and saucer",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(status(shop, &order), "open");

    assert_eq!(line.announce("1", &MALL, &order, 4_899).code(), "00");
    let paid = post_json(shop, &format!("/orders/{order}/collect"), "");
    assert_eq!(paid.value("status"), "paid", "{}", paid.text);
    let again = post_json(shop, &format!("/orders/{order}/collect"), "");
    assert_eq!(
        again.value("authorization"),
        paid.value("authorization"),
        "paid once"
    );
    assert_eq!(line.balance("1"), (BALANCE - 4_899, BALANCE - 4_899));

    // Nobody has agreed to this one.
    let unpaid = order_of(&post_form(shop, "/orders", &cookie, ""));
    let collected = post_json(shop, &format!("/orders/{unpaid}/collect"), "");
    assert_eq!(
        (collected.value("status"), collected.value("code")),
        ("declined".into(), "25".into())
    );
    let page = get(shop, &format!("/orders/{unpaid}"), "").text;
    let again = format!("/orders/{unpaid}/again");
    assert!(page.contains(&format!("action=\"{again}\"")), "{page}");
    let filled = post_form(shop, &again, "", "");
    assert_eq!((filled.status, filled.location.as_str()), (303, "/basket"));
    assert_eq!(filled.cookie, basket, "the same basket");

    post_form(shop, &format!("/clerk/{order}/cancel"), "", "");
    assert_eq!(status(shop, &order), "cancelled");
    assert_eq!(line.balance("1"), (BALANCE, BALANCE));

    let captured =
        std::fs::read_to_string(rig.path("data/shop/affiliated.capture")).expect("a file");
    assert!(
        captured.contains(&format!("/orders/{order}/collect"))
            && captured.contains("--- tcp 10000000001")
    );
    assert!(
        !captured.contains(&card_number(1)) && !captured.contains("990000"),
        "{captured}"
    );
}

#[test]
fn a_killed_shop_takes_back_what_it_has_in_doubt() {
    let mut rig = rig(&[]);
    let mut shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);
    let shop = shops.affiliated;
    let basket = post_form(shop, "/basket", "", "good=kettle&add=1").cookie;
    let cookie = format!("cookie: {basket}\r\n");
    let order = order_of(&post_form(shop, "/orders", &cookie, ""));
    // Not agreed to yet: the switch waits for the payer, and the shop is killed meanwhile.
    let collecting = {
        let path = format!("/orders/{order}/collect");
        std::thread::spawn(move || std::panic::catch_unwind(|| post_json(shop, &path, "")).is_err())
    };
    wait_for("the switch to be asked", || {
        rig.figure("tessera_requests_in_flight") == Some(1.0)
    });
    shops.running = None;
    assert!(collecting.join().expect("a thread"), "no answer was sent");
    assert_eq!(line.announce("1", &MALL, &order, 5_900).code(), "00");

    wait_for("the hold on the money", || {
        line.balance("1").0 == BALANCE - 5_900
    });

    let shops = Shops::again(&rig);
    wait_for("the purchase to be taken back", || {
        status(shops.affiliated, &order) == "declined"
    });
    wait_for("the money to be back", || {
        line.balance("1") == (BALANCE, BALANCE)
    });
    rig.stop_switch();
}

#[test]
fn an_order_that_never_reached_the_switch_is_paid_once_that_is_back() {
    let mut rig = Rig::new(2, BALANCE);
    let impatient = ("answer_within = \"10s\"", "answer_within = \"1s\"");
    let mut shops = Shops::start(&rig, &[impatient]);
    let basket = post_form(shops.affiliated, "/basket", "", "good=kettle&add=1").cookie;
    let cookie = format!("cookie: {basket}\r\n");
    let order = order_of(&post_form(shops.affiliated, "/orders", &cookie, ""));
    let collect = format!("/orders/{order}/collect");
    let missed = post_json(shops.affiliated, &collect, "");
    assert_eq!(missed.value("status"), "open", "{}", missed.text);
    let pay = format!("/orders/{order}/pay");
    let page = get(shops.affiliated, &format!("/orders/{order}"), "").text;
    assert!(page.contains("could not be reached"), "{page}");
    assert!(page.contains(&format!("href=\"{pay}\"")), "{page}");
    assert_eq!(get(shops.affiliated, &pay, "").status, 200);

    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    // Also by a shop that was started anew, and has its usual patience.
    shops.running = None;
    let shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);
    assert_eq!(line.announce("1", &MALL, &order, 5_900).code(), "00");
    let paid = post_json(shops.affiliated, &collect, "");
    assert_eq!(paid.value("status"), "paid", "{}", paid.text);
    assert_eq!(line.balance("1"), (BALANCE - 5_900, BALANCE - 5_900));
}

#[test]
fn requests_of_other_sites_are_refused() {
    let rig = Rig::new(0, 0);
    let shops = Shops::start(&rig, &[]);
    let headers = "sec-fetch-site: cross-site\r\n";
    assert_eq!(
        post_form(shops.affiliated, "/basket", headers, "good=cup&add=1").status,
        403
    );
    assert_eq!(
        get(shops.affiliated, "/", headers).status,
        200,
        "a link may come from anywhere"
    );
    assert_eq!(get(shops.affiliated, "/orders/TC-NOSUCH", "").status, 404);
    let long = format!("good={}", "x".repeat(20_000));
    assert_eq!(
        post_form(shops.affiliated, "/basket", "", &long).status,
        413
    );
}

#[test]
fn a_clerk_refunds_in_parts_and_never_more_than_was_paid() {
    let rig = rig(&[]);
    let shops = Shops::start(&rig, &[]);
    let mut line = Line::signed_on(&rig);

    // By order number.
    let shop = shops.affiliated;
    let basket = post_form(shop, "/basket", "", "good=kettle&add=1").cookie;
    let order = order_of(&post_form(
        shop,
        "/orders",
        &format!("cookie: {basket}\r\n"),
        "",
    ));
    assert_eq!(line.announce("1", &MALL, &order, 5_900).code(), "00");
    let paid = post_json(shop, &format!("/orders/{order}/collect"), "");
    assert_eq!(paid.value("status"), "paid", "{}", paid.text);
    let clerk = format!("/clerk/{order}");
    for (amount, seen, left) in [
        ("19.00", 0, "40.00 USD"),
        // Pressed twice.
        ("19.00", 0, "40.00 USD"),
        ("40.01", 1, "40.00 USD"),
        ("nonsense", 1, "40.00 USD"),
    ] {
        let form = format!("amount={amount}&refunds={seen}");
        post_form(shop, &format!("{clerk}/refund"), "", &form);
        let page = get(shop, &clerk, "").text;
        assert!(
            page.contains(&format!("at most {left}"))
                && page.contains("name=\"refunds\" value=\"1\""),
            "{amount}: {page}"
        );
    }
    assert_eq!(line.balance("1"), (BALANCE - 4_000, BALANCE - 4_000));
    assert!(
        !get(shop, &clerk, "").text.contains("/cancel"),
        "some of it is back already"
    );
    post_form(shop, &format!("{clerk}/refund"), "", "amount=40&refunds=1");
    assert_eq!(line.balance("1"), (BALANCE, BALANCE));
    assert!(
        !get(shop, &clerk, "").text.contains("/refund"),
        "nothing is left"
    );

    // By card.
    let shop = shops.unaffiliated;
    let order = order_of(&buy(shop, "star", &card_number(2)));
    let form = "amount=16.75&refunds=0";
    post_form(shop, &format!("/clerk/{order}/refund"), "", form);
    let state = get(shop, &format!("/orders/{order}/state"), "");
    assert!(
        state.text.contains("\"status\":\"refunded\""),
        "{}",
        state.text
    );
    assert_eq!(line.balance("2"), (BALANCE, BALANCE));
}
