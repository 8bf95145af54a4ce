//! The wallet as somebody with pencil and paper sees it: sums, and no order of events where none is needed.

use tessera_kit::clock::Timestamp;
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::Limits;

use crate::{Reference, StandIn};

pub(super) const START: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Pending,
    Approved,
    Refused(ResponseCode),
}

/// Something that the payer spends: a purchase, or an authorization.
#[derive(Debug, Clone)]
pub(super) struct Spent {
    pub(super) trace: u32,
    /// What the request asked for.
    pub(super) minor: u64,
    /// What of it was approved at most.
    pub(super) granted: u64,
    /// What its reversal asked to leave.
    pub(super) asked: Option<u64>,
    pub(super) reference: Option<Reference>,
    pub(super) fate: Fate,
    /// Approved as stand-in for the host, which has no advice yet.
    pub(super) unsent: bool,
    /// What an authorization sets aside; none for a purchase.
    pub(super) hold: Option<Hold>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) state: State,
    pub(super) held: u64,
    /// What its completions may come to in all.
    pub(super) most: u64,
    pub(super) expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Expired,
    Completed,
}

/// Something that is about an earlier one: a refund of a purchase, or a completion of an authorization.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) trace: u32,
    pub(super) of: usize,
    pub(super) minor: u64,
    pub(super) keeps: u64,
    pub(super) reference: Reference,
    pub(super) fate: Fate,
    pub(super) reversed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Paper {
    pub(super) spent: Vec<Spent>,
    pub(super) refunds: Vec<About>,
    pub(super) completions: Vec<About>,
    pub(super) limits: Limits,
    pub(super) stand_in: StandIn,
    pub(super) beforehand: Vec<u32>,
    pub(super) blocked: bool,
    pub(super) controlled: bool,
    pub(super) traces: u32,
}

impl Spent {
    fn counts(&self) -> bool {
        !matches!(self.fate, Fate::Refused(_))
    }
}

impl Paper {
    pub(super) fn next_trace(&mut self) -> u32 {
        self.traces += 1;
        self.traces
    }

    /// What was refunded of a purchase, or will be if the host agrees; what was completed of an authorization.
    pub(super) fn used(&self, place: usize) -> u64 {
        let about = match self.spent[place].hold {
            Some(_) => &self.completions,
            None => &self.refunds,
        };
        let stands = |about: &&About| !matches!(about.fate, Fate::Refused(_));
        about
            .iter()
            .filter(|about| about.of == place)
            .filter(stands)
            .map(|about| about.keeps)
            .sum()
    }

    /// What stands of it, whatever came first: the reversal, or what was refunded or completed.
    pub(super) fn stands(&self, place: usize) -> u64 {
        let spent = &self.spent[place];
        let used = self.used(place);
        match spent.hold {
            Some(hold) if !spent.counts() || hold.state != State::Open => used,
            _ => spent.asked.map_or(spent.granted, |asked| asked.max(used)),
        }
    }

    fn sum(&self, of: impl Fn(&Spent) -> Option<u64>) -> u64 {
        self.spent.iter().filter_map(of).sum()
    }

    fn purchases(&self, fate: Fate) -> u64 {
        let places = self.spent.iter().enumerate();
        places
            .filter(|(_, spent)| spent.hold.is_none() && spent.fate == fate)
            .map(|(place, _)| self.stands(place))
            .sum()
    }

    pub(super) fn held(&self) -> u64 {
        let holds = self.sum(|spent| spent.hold.map(|hold| hold.held));
        holds + self.purchases(Fate::Pending)
    }

    fn debited(&self) -> u64 {
        let completed: u64 = self.completions.iter().map(|done| done.keeps).sum();
        completed + self.purchases(Fate::Approved)
    }

    fn came_back(&self) -> u64 {
        let approved = self
            .refunds
            .iter()
            .filter(|refund| refund.fate == Fate::Approved);
        approved.map(|refund| refund.keeps).sum()
    }

    pub(super) fn available(&self) -> u64 {
        (START + self.came_back()).saturating_sub(self.held() + self.debited())
    }

    pub(super) fn owed(&self) -> u64 {
        (self.held() + self.debited()).saturating_sub(START + self.came_back())
    }

    /// What was spent, and how many times: refunds do not count.
    pub(super) fn spending(&self) -> (u64, u64) {
        let stands = (0..self.spent.len()).map(|place| match &self.spent[place] {
            purchase if purchase.hold.is_none() && !purchase.counts() => 0,
            _ => self.stands(place),
        });
        stands.fold((0, 0), |(amount, count), stands| {
            (amount + stands, count + u64::from(stands > 0))
        })
    }

    /// Whether so much may be approved in the host's stead.
    pub(super) fn may_stand_in(&self, amount: u64) -> bool {
        let unsent = self.sum(|spent| spent.unsent.then_some(spent.granted));
        amount <= self.stand_in.per_transaction && amount + unsent <= self.stand_in.per_wallet
    }

    /// The code that a limit gives, or the lack of money or of a host; and what is granted otherwise.
    pub(super) fn verdict(
        &self,
        minor: u64,
        takes_part: bool,
        host_up: bool,
    ) -> Result<u64, ResponseCode> {
        if self.controlled {
            return Err(ResponseCode::NOT_PERMITTED_TO_CARD);
        }
        if self.blocked {
            return Err(ResponseCode::WALLET_BLOCKED);
        }
        let (amount, count) = self.spending();
        let available = self.available();
        if self.limits.day != 0 && amount + minor > self.limits.day {
            return Err(ResponseCode::ABOVE_AMOUNT_LIMIT);
        }
        if self.limits.day_count != 0 && count >= self.limits.day_count {
            return Err(ResponseCode::ABOVE_COUNT_LIMIT);
        }
        let granted = match minor <= available {
            true => minor,
            false if takes_part && available > 0 => available,
            false => return Err(ResponseCode::NOT_ENOUGH_MONEY),
        };
        if !host_up && !self.may_stand_in(granted) {
            return Err(ResponseCode::HOST_UNREACHABLE);
        }
        Ok(granted)
    }

    /// A reversal that asks to leave so much, which is less than what was granted.
    pub(super) fn reverse(&mut self, place: usize, keep: u64) {
        let used = self.used(place);
        let spent = &mut self.spent[place];
        spent.asked = Some(keep);
        let stands = keep.max(used);
        if let Some(hold) = &mut spent.hold {
            hold.held = hold.held.min(stands - used);
        }
        if spent.fate == Fate::Pending && stands == 0 {
            spent.fate = Fate::Refused(ResponseCode::DECLINED);
        }
    }

    /// Nothing came of it, or nobody knows.
    pub(super) fn refuse(&mut self, place: usize, code: ResponseCode) {
        let spent = &mut self.spent[place];
        spent.fate = Fate::Refused(code);
        if let Some(hold) = &mut spent.hold {
            hold.held = 0;
        }
    }

    /// How much a completion debits, and how much of that comes from the hold.
    pub(super) fn complete(&mut self, place: usize, minor: u64, several: bool) -> u64 {
        let (used, available) = (self.used(place), self.available());
        let spent = &mut self.spent[place];
        let asked = spent.asked.unwrap_or(u64::MAX);
        let Some(hold) = &mut spent.hold else {
            return 0;
        };
        let most = hold.most.min(asked);
        let (debit, closes) = match hold.state {
            State::Open => {
                let debit = minor.min(hold.held);
                hold.held -= debit;
                (debit, !several || hold.held == 0)
            }
            State::Expired => {
                let debit = minor.min(most.saturating_sub(used));
                match debit <= available {
                    true => (debit, !several),
                    false => (0, false),
                }
            }
            State::Completed => (0, false),
        };
        if closes {
            (hold.state, hold.held) = (State::Completed, 0);
            // What is left of it was free from then on.
            hold.most = used + debit;
        }
        debit
    }

    /// A reversal of a completion leaves so much of it.
    pub(super) fn reverse_completion(&mut self, place: usize, keep: u64) {
        let done = &mut self.completions[place];
        (done.keeps, done.reversed) = (keep, true);
        let of = done.of;
        if let Some(hold) = &mut self.spent[of].hold
            && hold.state == State::Completed
        {
            hold.state = State::Expired;
        }
        let (stands, used) = (self.stands(of), self.used(of));
        if let Some(hold) = &mut self.spent[of].hold {
            hold.held = hold.held.min(stands - used);
        }
    }

    /// The time has come to this.
    pub(super) fn expire(&mut self, now: Timestamp) {
        for spent in &mut self.spent {
            if let Some(hold) = &mut spent.hold
                && hold.state == State::Open
                && hold.expires_at <= now
                && spent.fate == Fate::Approved
            {
                (hold.state, hold.held) = (State::Expired, 0);
            }
        }
    }
}
