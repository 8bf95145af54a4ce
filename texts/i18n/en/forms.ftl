### Texts that all forms share.

forms-optional = (optional)
forms-password = Your password
forms-show = Show
forms-hide = Hide
forms-shown = The password is visible.
forms-hidden = The password is hidden.
forms-wrong = That did not work
forms-amount = This is not an amount. Write it like 25 or 19.99.
forms-zero = With a limit of 0 you could pay nothing. Leave the field empty for no limit.
forms-choose = Please choose from the list.
# The label of a field for an amount. $label is the text above the field, $currency three letters.
forms-in-currency = { $label } ({ $currency })
