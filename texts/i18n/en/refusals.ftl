### The reasons of failures, in words for payers.

refusals-wrong-password = The password is wrong.
refusals-password-again = Please type your password again; some time has passed since you last did.
refusals-no-line = The payment service can't be reached. Nothing has been done. Please try again in a moment.
refusals-no-answer = The payment service has not answered. We don't know yet whether this was done. Please check your transactions before you try again.
refusals-too-long = One of the entries is too long.
refusals-nonsense = The payment service sent an unexpected answer.
refusals-busy = { $seconds ->
    [one] The payment service is busy. Nothing has been done. Try again in { $seconds } second.
   *[other] The payment service is busy. Nothing has been done. Try again in { $seconds } seconds.
}
refusals-try-again = { $seconds ->
    [one] Too many tries. Try again in { $seconds } second.
   *[other] Too many tries. Try again in { $seconds } seconds.
}
refusals-declined = The bank declined.
refusals-not-now = This is not possible at the moment.
refusals-amount = This amount is not possible.
refusals-no-card = You have no card yet.
refusals-gone = What you chose no longer exists.
refusals-not-valid = One of the entries is not valid. Please check them.
refusals-money = You don't have enough money.
refusals-expired = The card has expired.
refusals-not-allowed = This is not allowed.
refusals-limit = This is above a limit.
refusals-frozen = The wallet is frozen or closed.
refusals-session = The session has ended.
refusals-number = You can't add any more of these.
refusals-bank-silent = The bank does not answer. If money was involved, please check your transactions before you try again.
refusals-exists = What you chose exists already.
refusals-problem = The payment service had a problem. Nothing has changed.
# Reasons, which stand after “Declined:” or in the middle of a sentence.
refusals-reason-not-possible = not possible
refusals-reason-amount = the amount differs from the agreement
refusals-reason-number = unknown card number
refusals-reason-agreement = not agreed to in time
refusals-reason-money = not enough money
refusals-reason-expired = the card has expired
refusals-reason-not-permitted = not permitted
refusals-reason-limit = above an amount limit
refusals-reason-frozen = your wallet was frozen
refusals-reason-count = too many purchases
refusals-reason-bank-silent = the bank did not answer
refusals-reason-duplicate = it was requested twice
refusals-reason-busy = the payment service was busy
refusals-reason-unknown = the bank did not say why
