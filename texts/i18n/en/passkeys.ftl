### Texts about passkeys.

passkeys-title = Passkeys
passkeys-lead = A passkey signs you in, and confirms payments, with your fingerprint, your face or the PIN of your device: nothing to remember, and nothing that a false page could steal.
passkeys-none = You have no passkey yet.
passkeys-needs-script = To add a passkey, allow JavaScript for this page. Your password works without it.
passkeys-unsupported = This browser can't make passkeys. Your password works as before.
passkeys-add = Add a passkey
passkeys-add-lead = Your browser then asks where to keep it: on this device, on your phone, on a security key, or in your password manager. Your password and your recovery code stay as they are.
passkeys-full = You have ten passkeys, which is the most. Remove one to add another.
# When a passkey was added, and when it was last used.
passkeys-added-at = added { $time }
passkeys-used-at = last used { $time }
# On a passkey that its password manager copies to all devices of the payer.
passkeys-synced = On several devices
passkeys-rename = Rename
# For a screen reader, on the button that renames a passkey.
passkeys-rename-which = Rename { $name }
passkeys-name = Name
passkeys-save = Save
passkeys-name-missing = Please give the passkey a name.
passkeys-remove = Remove
# For a screen reader, on the button that removes a passkey.
passkeys-remove-which = Remove { $name }
passkeys-remove-title = Remove this passkey?
passkeys-remove-lead = It no longer signs you in. Sessions that it has opened stay open: you can end them under Security. Delete it in your browser or password manager too, so that it is not offered any more.
passkeys-keep = Keep it
# After a new password was set with the recovery code.
passkeys-check = Your passkeys still work. Do you know every one of them? Remove those that you don't.
passkeys-stay = Passkeys stay when you change the password, use the recovery code or sign out everywhere.
passkeys-sign-in = Sign in with a passkey
passkeys-confirm = Confirm with a passkey
# The button beside the one that changes the password.
passkeys-change-password = Change it with a passkey
passkeys-cancelled = The passkey was not used. Try again, or use your password.
passkeys-not-made = No passkey was made. Nothing has changed.
passkeys-known = This device or password manager has a passkey of your wallet already.
passkeys-failed = Your browser could not use a passkey here. Please use your password.
passkeys-unreachable = The payment service can't be reached. Please try again in a moment.
passkeys-not-confirmed = Please type your password, or confirm with a passkey.
passkeys-wrong = This passkey does not open this wallet. It may have been removed here. Use another one, or your password.
passkeys-too-late = That took too long, or was sent twice. Please try again.
passkeys-copied = This passkey was refused, because there may be a copy of it. Sign in with your password, remove it under Security, and add another one.
# In the list of a passkey manager. $code is four letters and digits, which distinguish two wallets.
passkeys-wallet = Tessera wallet { $code }
