### Texts of the frame around every page: navigation and footer.

layout-brand = Tessera
layout-brand-long = Tessera wallet
layout-description = A prepaid wallet that pays without revealing who you are
layout-menu = Pages
layout-skip = Skip to the content
layout-help = Help
layout-program = Wallet program
layout-sign-in = Sign in
layout-sign-out = Sign out
layout-footer = Shops see a card number or an order number, and nothing else.
layout-more = More
layout-help-lead = Answers to common questions
layout-home = Home
layout-transactions = Transactions
layout-card = Card
layout-money = Money
layout-limits = Limits
layout-limits-lead = What can be spent, and a way to freeze the wallet
layout-notifications = Notifications
layout-notifications-lead = Messages about purchases and sign-ins
layout-sessions = Security
layout-sessions-lead = Your sessions, password and recovery code
# The title of a page, in the browser's tab.
layout-document-title = { $title } – { layout-brand }
