### Transactions and their states, in words for payers.

transactions-title = Transactions
transactions-search-title = Search and filter
transactions-empty = No transactions yet. Load money, and your loads and purchases appear here.
transactions-empty-next = Load money
transactions-search = Search
transactions-search-hint = A word, a shop, or an amount.
transactions-status = Show
transactions-from = From
transactions-until = Until
transactions-find = Find
transactions-clear = Show all
transactions-csv = Download as CSV
transactions-newer = Newer
transactions-older = Older
transactions-nothing = No transactions found.
transactions-bad-date = This is not a date. Write it like 2026-11-22.
transactions-today = Today
transactions-yesterday = Yesterday
transactions-all = Everything
transactions-paid = Paid
transactions-waiting = Waiting
transactions-declined = Declined
transactions-refunded = Refunds and cancellations
transactions-money = Money in and out
transactions-kind-purchase = Purchase
transactions-kind-refund = Refund
transactions-kind-reversal = Cancellation
transactions-kind-load = Load
transactions-kind-payout = Payout
transactions-kind-start = Starting balance
# Titles of transactions without a shop.
transactions-name-load = Money loaded
transactions-name-payout = Money paid back
# A refund or a cancellation, and the shop. $kind is one of the texts transactions-kind-….
transactions-name-of-shop = { $kind }: { $shop }
# States. $reason is one of the texts refusals-reason-… or reasons-….
transactions-state-did-not-come-back = Did not come back: { $reason }
transactions-state-declined = Declined: { $reason }
transactions-state-waiting = Waiting for the bank
transactions-state-came-back = Came back to you
transactions-state-taken-back = Taken back by the shop
transactions-state-loaded = Loaded
transactions-state-paid-back = Paid back to you
transactions-state-ready = Ready
transactions-state-paid-so-far = Paid { $paid } so far, { $reserved } reserved
transactions-state-reserved = { $reserved } reserved, not paid yet
transactions-state-nothing-charged = Nothing was charged
transactions-state-cancelled = Cancelled by the shop
transactions-state-refunded = Refunded { $refunded } of { $amount }
transactions-state-refund-waiting = Refund of { $refund } on its way
transactions-state-paid-part = Paid { $paid } of { $amount }
transactions-state-paid = Paid
transactions-card = card ending { $digits }
# A moment of which no script says it in the reader's own time zone.
transactions-utc = { $time } UTC
