### Texts about limits and freezing.

limits-title = Limits
limits-freeze-title = Freeze
limits-freeze-lead = Purchases are declined until you unfreeze the wallet. Purchases in progress are not affected.
limits-freeze = Freeze the wallet
limits-frozen = Your wallet is frozen: purchases are declined.
limits-unfreeze = Unfreeze
limits-own = Your limits
limits-own-lead = Leave a field empty for no limit of your own. Days and months are in UTC.
limits-set = Set limits
limits-go-on = Continue
limits-go-back = Change
limits-review = Check your limits
limits-limit = Limit
limits-now = Now
limits-then = Then
limits-no-limit = no limit
limits-raised = With a higher limit, somebody who gets into your wallet could spend more.
limits-unchanged = These are your limits already. Change one of them first.
limits-spent = Spent so far
limits-today = Today
limits-this-month = This month
limits-bad-count = That is not a whole number.
limits-begins-anew = Begins anew at { $time }.
limits-transaction = One purchase
limits-day = Per day
limits-month = Per month
limits-day-count = Purchases per day
limits-month-count = Purchases per month
# What the payer typed is above the operator's limit.
limits-above = The operator allows at most { $limit }. Enter that much or less.
limits-allowed = At most { $limit }
limits-purchases = { $count ->
    [one] { $count } purchase
   *[other] { $count } purchases
}
# Limits that keep the payer from a purchase: first the payer's own, then the operator's. $most is an amount, or a number of purchases.
limits-reached-own-purchase = This is above your limit of { $most } for one purchase.
limits-reached-own-day = This would go beyond your limit of { $most } per day: { $used } are spent today.
limits-reached-own-month = This would go beyond your limit of { $most } per month: { $used } are spent this month.
limits-reached-own-day-count = You have reached your limit of { $most } per day.
limits-reached-own-month-count = You have reached your limit of { $most } per month.
limits-reached-purchase = This is above the operator's limit of { $most } for one purchase.
limits-reached-day = This would go beyond the operator's limit of { $most } per day: { $used } are spent today.
limits-reached-month = This would go beyond the operator's limit of { $most } per month: { $used } are spent this month.
limits-reached-day-count = You have reached the operator's limit of { $most } per day.
limits-reached-month-count = You have reached the operator's limit of { $most } per month.
