//! What a mall learns of its orders when the active node dies: by status inquiries, and by webhooks.

use std::collections::BTreeSet;
use std::time::Duration;

use tessera_protocol::OrderKey;

use crate::lost_answers::lines_to_etcd;
use crate::rig::audit::is_settled;
use crate::rig::cluster::Cluster;
use crate::rig::hooks::{Came, Shop};
use crate::rig::inquiries::{about, about_order, said, state};
use crate::rig::leased::Line;
use crate::rig::wait_for;
use crate::rig::wire::{MALL, Wire, order_purchase, refund};

const AMOUNT: u64 = 700;

/// Each node notifies the shop.
fn notifying(cluster: &Cluster) -> Shop {
    let shop = Shop::open();
    for node in 0..cluster.nodes.len() {
        shop.is_notified(&cluster.path(node, "parties/teacup.toml"));
    }
    shop
}

/// A connection of the mall with this node, where everything else goes from now on, too.
fn signed_on(cluster: &mut Cluster, node: usize) -> Wire {
    cluster.rig.addresses = cluster.nodes[node].addresses;
    Wire::signed_on(&cluster.rig, &MALL)
}

/// What came about an order.
fn about_the_same(came: &[Came], order: &str) -> Vec<Came> {
    let key = OrderKey::of(MALL.acceptor.as_bytes(), order.as_bytes()).0;
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let of_it = came.iter().filter(|came| came.what().1 == key);
    of_it.cloned().collect()
}

#[test]
fn the_node_that_takes_over_knows_an_approval_and_notifies_of_it_again_with_the_same_id() {
    let mut cluster = Cluster::laid_out("orders, active node killed", &[]);
    let shop = notifying(&cluster);
    cluster.start();
    let first = cluster.active();
    let mut mall = signed_on(&mut cluster, first);
    let mut line = Line::signed_on(&cluster.rig);
    let wallet = line.wallet_with(100_000);
    for order in ["C-1", "C-2"] {
        assert_eq!(line.announce(&wallet, &MALL, order, AMOUNT).code(), "00");
    }
    // One event is taken, one is refused.
    let taken = order_purchase(&MALL, "C-1", AMOUNT);
    let approved = mall.ask(&taken);
    assert_eq!(approved.code(), "00", "{}", approved.reason());
    shop.wait_for(1);
    shop.will_answer(&["503 Service Unavailable"]);
    let refused = order_purchase(&MALL, "C-2", AMOUNT);
    assert_eq!(mall.ask(&refused).code(), "00");
    shop.wait_for(2);
    cluster.kill(first);

    let second = cluster.taken_over_from(first);
    let mut mall = signed_on(&mut cluster, second);
    for (order, bought) in [("C-1", &taken), ("C-2", &refused)] {
        for question in [about_order(&MALL, order), about(bought)] {
            let answer = mall.ask(&question);
            let expected = ("approved".into(), "00".into(), vec![AMOUNT, 0, 0]);
            assert_eq!(said(&answer), expected, "{}", answer.reason());
        }
    }
    let answer = mall.ask(&about_order(&MALL, "C-1"));
    assert_eq!(answer.tag(48, 17), approved.text(37));
    assert_eq!(answer.text(38), approved.text(38));
    for order in ["C-1", "C-2"] {
        wait_for("the event from the second node", || {
            about_the_same(&shop.came(), order).len() >= 2
        });
    }
    assert_eq!(mall.ask(&refund(&taken, 200)).code(), "00");
    wait_for("the refund", || {
        let came = about_the_same(&shop.came(), "C-1");
        came.iter().any(|came| came.what().0 == "payment.refunded")
    });
    let came = shop.came();
    for order in ["C-1", "C-2"] {
        let mut of_it = about_the_same(&came, order);
        of_it.retain(|came| came.what().0 == "payment.approved");
        let ids: BTreeSet<_> = of_it.iter().map(Came::id).collect();
        let bodies: BTreeSet<_> = of_it.iter().map(|came| &came.body).collect();
        assert_eq!((ids.len(), bodies.len()), (1, 1), "{of_it:?}");
    }
    let ids: BTreeSet<_> = came.iter().map(Came::id).collect();
    assert_eq!(ids.len(), 3, "two approvals and a refund: {came:?}");
}

#[test]
fn nobody_learns_of_an_approval_that_the_replicated_log_never_took() {
    let mut cluster = Cluster::laid_out("orders, active node cut off", &[]);
    let lines = lines_to_etcd(&mut cluster);
    let shop = notifying(&cluster);
    cluster.start();
    let first = cluster.active();
    let mut mall = signed_on(&mut cluster, first);
    let mut asking = Wire::signed_on(&cluster.rig, &MALL);
    let mut line = Line::signed_on(&cluster.rig);
    let wallet = line.wallet_with(100_000);
    assert_eq!(line.announce(&wallet, &MALL, "C-3", AMOUNT).code(), "00");
    cluster.all_follow();

    // The financial system approves once the node is cut off from the log.
    let host = cluster.rig.host.as_ref().expect("a host");
    let figure = |name| cluster.rig.sum(name);
    let outcomes = || figure("tessera_host_outcomes_total");
    let before = outcomes();
    host.signal("-STOP");
    let bought = order_purchase(&MALL, "C-3", AMOUNT);
    mall.send(&bought.frame());
    wait_for("the request to be sent", || {
        figure("tessera_host_requests_in_flight") == 1.0
    });
    lines[first].iter().for_each(|line| line.cut(true));
    host.signal("-CONT");
    wait_for("its answer", || outcomes() > before);
    asking.send(&about_order(&MALL, "C-3").frame());
    for line in [&mut mall, &mut asking] {
        line.assert_silent(Duration::from_millis(300));
    }
    cluster.kill(first);
    for mut line in [mall, asking] {
        line.assert_closed("nothing that is lost was reported");
    }

    let second = cluster.taken_over_from(first);
    let mut mall = signed_on(&mut cluster, second);
    let of_the_purchase = said(&mall.ask(&about(&bought)));
    assert_eq!(of_the_purchase, ("declined".into(), "91".into(), vec![]));
    assert_eq!(state(&mall.ask(&about_order(&MALL, "C-3"))), "agreed");
    assert!(shop.came().is_empty(), "{:?}", shop.came());
    let again = mall.ask(&order_purchase(&MALL, "C-3", AMOUNT));
    assert_eq!(again.code(), "00", "{}", again.reason());
    let came = shop.wait_for(1);
    assert_eq!(came[0].event["data"]["reference"], again.text(37).as_str());

    // The first node takes back what it alone had.
    lines[first].iter().for_each(|line| line.cut(false));
    cluster.start_node(first);
    cluster.wait("nothing to be open", |cluster| {
        is_settled(&cluster.audit(second))
    });
    cluster.all_follow();
    cluster.compare_journals();
    assert_eq!(shop.came().len(), 1, "{:?}", shop.came());
}
