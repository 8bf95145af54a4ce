//! A switch of a page: balances in a table, no wallets, no journal, no host, and on request bad manners.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use bytes::BytesMut;
use tessera_protocol::{
    Amount, Balances, Currency, Dialect, Extras, MacKey, Message, Payer, Request, ResponseCode,
    Stan, answer,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use super::full_ledger::{FullLedger, follows};
use crate::load::Kind;

/// How it behaves.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// What every card holds at first.
    pub balance: i64,
    /// The party's key.
    pub key: Option<&'static str>,
    /// Cuts a connection after so many requests on it, half of its last batch decided but not answered.
    pub cut_every: Option<u64>,
    /// Debits a cent too little on this purchase.
    pub cheat_on: Option<u64>,
    /// Never answers this purchase, nor decides it.
    pub silent_on: Option<u64>,
    /// Moves a cent too little for this request of this kind.
    pub cheats: Option<(Kind, u64)>,
    /// Decides repeats afresh.
    pub forgets: bool,
    /// How it speaks.
    pub dialect: Dialect,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            balance: 1_000_000,
            key: Some("202122232425262728292a2b2c2d2e2f"),
            cut_every: None,
            cheat_on: None,
            silent_on: None,
            cheats: None,
            forgets: false,
            dialect: Dialect::CANONICAL,
        }
    }
}

/// A request's identity: 41, 11, 12.
pub type Identity = (Vec<u8>, u64, u64);

#[derive(Default)]
struct Accounts {
    balances: HashMap<u64, i64>,
    answered: HashMap<Identity, ([u8; 2], Option<[u8; 6]>)>,
    /// By 41 and 11: what a reversal gives back.
    approved: HashMap<(Vec<u8>, u32), i64>,
    full: FullLedger,
    purchases: u64,
    silent: Option<Identity>,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Up,
    /// Its connections are cut, and it refuses others.
    Gone,
    /// A machine without a network: nothing comes, and nothing is closed.
    Hung,
}

/// An address that refuses connections.
pub struct Standby(TcpSocket);

impl Standby {
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }
}

/// The switch, as long as its local set lives.
#[derive(Clone)]
pub struct FakeSwitch {
    port: u16,
    manners: Manners,
    accounts: Rc<RefCell<Accounts>>,
    life: watch::Sender<Life>,
}

impl FakeSwitch {
    pub async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::listen(listener, manners, Rc::default())
    }

    /// Another node goes on with the same accounts.
    pub fn take_over(&self, standby: Standby) -> Self {
        let listener = standby.0.listen(64).unwrap();
        Self::listen(listener, self.manners, Rc::clone(&self.accounts))
    }

    /// It is lost in one way or the other.
    pub fn lose(&self, life: Life) {
        self.life.send_replace(life);
    }

    fn listen(listener: TcpListener, manners: Manners, accounts: Rc<RefCell<Accounts>>) -> Self {
        let switch = Self {
            port: listener.local_addr().unwrap().port(),
            manners,
            accounts,
            life: watch::Sender::new(Life::Up),
        };
        let serving = switch.clone();
        tokio::task::spawn_local(async move {
            let accept = async {
                while let Ok((stream, _)) = listener.accept().await {
                    let switch = serving.clone();
                    tokio::task::spawn_local(async move {
                        tokio::select! {
                            () = switch.serve(stream) => {}
                            () = switch.lost() => {}
                        }
                    });
                }
            };
            tokio::select! {
                () = accept => {}
                () = serving.lost() => {}
            }
        });
        switch
    }

    /// Resolves when it is gone.
    async fn lost(&self) {
        let mut life = self.life.subscribe();
        let gone = life.wait_for(|life| *life == Life::Gone).await;
        gone.unwrap();
    }

    /// Never comes back where it hangs.
    async fn hang(&self) {
        if *self.life.borrow() == Life::Hung {
            std::future::pending().await
        }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What all cards hold.
    pub fn held(&self) -> i64 {
        self.accounts.borrow().full.held()
    }

    /// What all cards have spent.
    pub fn spent(&self) -> i64 {
        let accounts = self.accounts.borrow();
        accounts
            .balances
            .values()
            .map(|balance| self.manners.balance - balance)
            .sum()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let key = self.manners.key.map(|key| MacKey::from_hex(key).unwrap());
        let (mut incoming, mut out) = (BytesMut::new(), BytesMut::new());
        let mut requests = 0;
        loop {
            let dialect = self.manners.dialect;
            while let Some(frame) = dialect.cut(&mut incoming).unwrap() {
                let (header, sealed) = dialect.open(frame);
                if key
                    .as_ref()
                    .is_some_and(|key| !dialect.verify(key, &sealed))
                {
                    return;
                }
                let unpacked = dialect.unpack(&sealed);
                assert_eq!(unpacked.fault, None);
                let message = Message::parse(&unpacked.message).unwrap();
                requests += 1;
                if self.manners.cut_every.is_some_and(|every| requests > every) {
                    // Decided, but the answer is lost.
                    self.decide(&message, &mut BytesMut::new(), key.as_ref());
                    return;
                }
                dialect
                    .answer(header, key.as_ref(), &mut out, |out, key| {
                        self.decide(&message, out, key);
                    })
                    .unwrap();
            }
            if stream.write_all(&out).await.is_err() {
                return;
            }
            out.clear();
            match stream.read_buf(&mut incoming).await {
                Ok(0) | Err(_) => return,
                Ok(_) => self.hang().await,
            }
        }
    }

    fn decide(&self, message: &Message<'_>, out: &mut BytesMut, key: Option<&MacKey>) {
        let mut accounts = self.accounts.borrow_mut();
        let start = self.manners.balance;
        let identity: Identity = (
            message.raw(41).unwrap_or_default().to_vec(),
            message.number(11).unwrap(),
            message.number(12).unwrap_or_default(),
        );
        match Request::read(message).unwrap() {
            Request::Network(_) => {
                answer(
                    message,
                    out,
                    ResponseCode::APPROVED,
                    &Extras::default(),
                    key,
                );
            }
            Request::Inquiry(inquiry) => {
                let card = inquiry.card.expose();
                let available = *accounts.balances.entry(card).or_insert(start);
                let (ledger, available) = accounts.full.stated(card, available);
                let amount = |minor: i64| Amount::new(minor as u64).unwrap();
                let balances = Balances::new(amount(ledger), amount(available), Currency::USD);
                let extras = Extras {
                    balances: Some(&balances),
                    ..Extras::default()
                };
                answer(message, out, ResponseCode::APPROVED, &extras, key);
            }
            request if follows(&request) || accounts.full.knows(&request, &identity.0) => {
                let known = accounts.answered.get(&identity).copied();
                let (code, approval) = known.unwrap_or_else(|| {
                    let Accounts { balances, full, .. } = &mut *accounts;
                    full.decide(&request, &identity, balances, self.manners)
                });
                accounts.answered.insert(identity, (code, approval));
                let extras = Extras {
                    approval,
                    ..Extras::default()
                };
                answer(message, out, ResponseCode::new(code), &extras, key);
            }
            Request::Purchase(purchase) => {
                let known = accounts.answered.get(&identity).copied();
                let (code, approval) = match known.filter(|_| !self.manners.forgets) {
                    Some(known) => known,
                    None => {
                        accounts.purchases += 1;
                        if self.manners.silent_on == Some(accounts.purchases) {
                            accounts.silent = Some(identity.clone());
                        }
                        if accounts.silent.as_ref() == Some(&identity) {
                            return;
                        }
                        let Payer::Card { number, .. } = &purchase.payer else {
                            panic!("no card")
                        };
                        let amount = purchase.financial.amount.value() as i64;
                        self.purchase(&mut accounts, number.expose(), amount, &identity)
                    }
                };
                accounts.answered.insert(identity, (code, approval));
                let extras = Extras {
                    approval,
                    ..Extras::default()
                };
                answer(message, out, ResponseCode::new(code), &extras, key);
            }
            Request::Reversal(reversal) => {
                let original = (identity.0, Stan::digits(reversal.original.trace));
                let amount = accounts.approved.remove(&original).unwrap_or(0);
                accounts.full.forget(&original);
                let Payer::Card { number, .. } = &reversal.payer else {
                    panic!("no card")
                };
                *accounts.balances.entry(number.expose()).or_insert(start) += amount;
                answer(
                    message,
                    out,
                    ResponseCode::APPROVED,
                    &Extras::default(),
                    key,
                );
            }
            other => panic!("{other:?}"),
        }
    }

    fn purchase(
        &self,
        accounts: &mut Accounts,
        card: u64,
        amount: i64,
        identity: &Identity,
    ) -> ([u8; 2], Option<[u8; 6]>) {
        let cheated = i64::from(self.manners.cheat_on == Some(accounts.purchases));
        let number = accounts.purchases;
        let balance = accounts
            .balances
            .entry(card)
            .or_insert(self.manners.balance);
        if *balance < amount {
            return (*b"51", None);
        }
        *balance -= amount - cheated;
        let name = (identity.0.clone(), identity.1 as u32);
        accounts.full.purchased(name.clone(), card, amount);
        accounts.approved.insert(name, amount);
        (
            *b"00",
            Some(format!("{number:06}").as_bytes()[..6].try_into().unwrap()),
        )
    }
}
