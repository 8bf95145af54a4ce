### Texts of the home page.

home-title = Home
home-available = Available
home-nothing-reserved = Nothing reserved
home-live = Up to date
# $time is the time of day.
home-stale = No connection. As of { $time }
# $time is the time of day.
home-resting = Updates have paused. As of { $time }
home-ended-title = You are signed out
home-ended = This session has ended. Sign in to see your wallet.
home-sign-in = Sign in
home-reload-page = Update now
home-recent = Last transactions
home-all = All transactions
home-empty-title = No transactions yet
home-empty = Get a card, load some money, and your purchases will appear here at once.
home-load = Load money
home-card = Your card
home-no-card = You have no card yet. It is free, and you get it at once.
home-get-card = Get a card
home-show-card = Show the number
home-freeze = Freeze
home-frozen = Frozen: purchases are declined.
home-unfreeze = Unfreeze
home-closing = This wallet is being closed.
home-contact-pending = An address is not confirmed yet.
home-reserved = Reserved for open purchases: { $amount }
home-owed = You owe { $amount }: a shop charged more than you had. It is paid from the next money that you load.
