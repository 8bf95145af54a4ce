### Messages to payers: mails and short messages.

# $amount and $available are amounts, $shop is the name of a shop, $reason one of the texts reasons-….
# Each occasion has a subject, the first sentence of a mail (lead), and a short message (sms). A short message of English,
# Spanish and German should have at most 160 characters with the longest names, of the others at most 134; its full stop comes
# from mail-sms and mail-sms-available.
mail-paid-subject = Paid: { $amount } at { $shop }
mail-paid-lead = You have paid { $amount } at { $shop }.
mail-paid-sms = Tessera: Paid { $amount } at { $shop }
mail-reserved-subject = Reserved: { $amount } for { $shop }
mail-reserved-lead = For a purchase at { $shop } we have reserved { $amount }. You pay only when the shop charges the amount.
mail-reserved-sms = Tessera: Reserved { $amount } for { $shop }
mail-freed-subject = No longer reserved for { $shop }
mail-freed-lead = The amount that was reserved for { $shop } is available again, because it was not charged in time.
mail-freed-sms = Tessera: No longer reserved for { $shop }
mail-declined-subject = Declined: { $amount } at { $shop }
mail-declined-lead = A purchase of { $amount } at { $shop } was declined: { $reason }.
mail-declined-sms = Tessera: Declined: { $amount } at { $shop }: { $reason }
mail-cancelled-subject = Cancelled: { $amount } at { $shop }
mail-cancelled-lead = A purchase was cancelled by { $shop }. You can spend { $amount } again.
mail-cancelled-sms = Tessera: Cancelled: { $amount } at { $shop } is available again
mail-refunded-subject = Refunded: { $amount } from { $shop }
mail-refunded-lead = You have received a refund of { $amount } from { $shop }.
mail-refunded-sms = Tessera: Refund of { $amount } from { $shop }
mail-taken-back-subject = Refund cancelled: { $amount } by { $shop }
mail-taken-back-lead = A refund was cancelled by { $shop }. We have debited { $amount } again.
mail-taken-back-sms = Tessera: { $shop } has cancelled its refund of { $amount }
mail-loaded-subject = Loaded: { $amount }
mail-loaded-lead = Your wallet has received { $amount } from your source.
mail-loaded-from-lead = Your wallet has received { $amount } from { $shop }.
mail-loaded-sms = Tessera: Loaded { $amount }
mail-not-loaded-subject = Not loaded: { $amount }
mail-not-loaded-lead = We could not load { $amount } from your source: { $reason }.
mail-not-loaded-sms = Tessera: Not loaded: { $amount }: { $reason }
mail-paid-out-subject = Paid out: { $amount }
mail-paid-out-lead = We have paid out { $amount } to your source.
mail-paid-out-sms = Tessera: Paid out { $amount }
mail-not-paid-out-subject = Not paid out: { $amount }
mail-not-paid-out-lead = We could not pay out { $amount } to your source: { $reason }.
mail-not-paid-out-sms = Tessera: Not paid out: { $amount }: { $reason }
mail-signed-in-subject = Somebody signed in to your wallet
mail-signed-in-lead = Somebody signed in to your wallet.
mail-signed-in-with-lead = Somebody signed in to your wallet with { $device }.
mail-signed-in-sms = Tessera: Somebody signed in to your wallet. If not you, change your password
mail-password-subject = Your password was changed
mail-password-lead = The password of your wallet was changed. All other devices were signed out.
mail-password-sms = Tessera: The password of your wallet was changed. If not you, freeze your wallet
mail-reissued-subject = Your card has a new number
mail-reissued-lead = Your card has a new number. The old one no longer works.
mail-reissued-sms = Tessera: Your card has a new number. The old one no longer works
mail-contact-subject = The address of your wallet was changed or removed
mail-contact-lead = The address for messages about your wallet was changed or removed.
mail-contact-sms = Tessera: The address of your wallet was changed or removed. If not you, freeze your wallet
mail-recovery-subject = Your wallet has a new recovery code
mail-recovery-lead = Your wallet has a new recovery code. An earlier code no longer works.
mail-recovery-sms = Tessera: Your wallet has a new recovery code. If not you, change password and code
mail-recovered-subject = Your password was set with the recovery code
mail-recovered-lead = Your wallet has a new password, set with the recovery code. All sessions before it have ended, and the code is used up.
mail-recovered-sms = Tessera: Your password was set with the recovery code. If not you, contact us
mail-passkey-added-subject = A passkey was added to your wallet
mail-passkey-added-lead = Your wallet has a new passkey. It signs in and confirms payments without your password.
mail-passkey-added-named-lead = Your wallet has a new passkey, “{ $name }”. It signs in and confirms payments without your password.
mail-passkey-added-sms = Tessera: A passkey was added to your wallet. If not you, remove it and change your password
mail-passkey-removed-subject = A passkey was removed from your wallet
mail-passkey-removed-lead = A passkey of your wallet was removed. It no longer signs in.
mail-passkey-removed-sms = Tessera: A passkey was removed from your wallet. If not you, change your password
mail-browser-added-subject = Notifications were turned on in a browser
mail-browser-added-lead = A browser shows notifications of your wallet from now on.
mail-browser-added-named-lead = The browser “{ $name }” shows notifications of your wallet from now on.
mail-browser-added-sms = Tessera: A browser shows notifications of your wallet from now on. If not you, turn it off and change your password
mail-browser-removed-subject = Notifications were turned off in a browser
mail-browser-removed-lead = A browser shows no more notifications of your wallet.
mail-browser-removed-sms = Tessera: A browser shows no more notifications of your wallet. If not you, change your password
mail-frozen-subject = Your wallet is frozen
mail-frozen-lead = Your wallet is frozen. Purchases are declined until you unfreeze it.
mail-frozen-sms = Tessera: Your wallet is frozen. Purchases are declined until you unfreeze it
mail-disputed-subject = You reported a transaction
mail-disputed-lead = You reported a transaction that you do not recognise. Your wallet is frozen, and we are looking into the transaction. New purchases are declined until you unfreeze it.
mail-disputed-sms = Tessera: You reported a transaction, and we are looking into it. Your wallet is frozen
mail-unfrozen-subject = Your wallet is no longer frozen
mail-unfrozen-lead = Your wallet is no longer frozen. It can pay again.
mail-unfrozen-sms = Tessera: Your wallet is no longer frozen. If not you, freeze it again
mail-closed-subject = Your wallet is closed
mail-closed-lead = Your wallet is closed. Its card and numbers no longer work, and this is the last message about it.
mail-closed-sms = Tessera: Your wallet is closed. This is the last message about it
mail-code-subject = Your confirmation code
mail-code-lead = Enter this code in your wallet to confirm that messages reach you here:
mail-code-sms = { $code } is your Tessera confirmation code. It is valid for 15 minutes. Do not share it

# What to do if something is wrong: at the end of a mail.
mail-not-you = If this was not you, freeze your wallet and change your password now.
mail-not-you-paid = If you do not know this purchase, freeze your wallet now.
mail-not-you-frozen = If this was not you, change your password.
mail-not-you-recovery = If this was not you, change your password, create another recovery code, and freeze your wallet now.
mail-not-you-recovered = If this was not you, contact us at once: somebody has your recovery code.
mail-not-you-passkey = If this was not you, open Security in your wallet now: remove the passkey, sign out everywhere, and change your password.
mail-not-you-browser = If this was not you, open Notifications in your wallet now and turn this browser off. Then sign out everywhere under Security, and change your password.
mail-ask-shop = If you did not expect this, please ask the shop.
mail-nothing-to-do = There is nothing you need to do.
mail-try-again = No money has moved. You can try again.
mail-code-advice = It is valid for 15 minutes. Do not share it with anyone: Tessera never asks for it. If you did not request it, please ignore this message.
mail-signature = Tessera sends no links. Open your wallet as you always do.

# The rows of a mail: name and value.
mail-when = When
mail-card = Card
mail-card-ending = ending in { $digits }
mail-available = Available now
mail-reference = Reference
mail-row = { $name }: { $value }
mail-moment = { $date }, { $time } UTC

# In place of what is not known.
mail-an-amount = an amount
mail-a-shop = a shop

# The end of a short message.
mail-sms = { $text }.
mail-sms-available = { $text }. Available: { $available }.
