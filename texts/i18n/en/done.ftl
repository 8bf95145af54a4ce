### The result of an action, at the top of the page that follows.

done-ended = You have been signed out. Sign in to continue.
done-signed-out = You are signed out.
done-everywhere = You are signed out on every device.
done-closed = Your wallet is closed. Any money left is on the way back to you.
done-card = Your card is ready.
done-reissued = You have a new card number. The old number no longer works; your money stays.
done-retired = This number no longer works.
done-source = The source is saved.
done-source-removed = The source is removed.
done-reload = Automatic loading is on.
done-no-reload = Automatic loading is off.
done-frozen = Your wallet is frozen. Purchases are declined.
done-disputed = We have your report and are looking into it. Your wallet is frozen: new purchases are declined until you unfreeze it.
done-unfrozen = Your wallet is no longer frozen.
done-limits = Your limits are set.
done-code-sent = A code is on its way. Type it below.
done-confirmed = The address is confirmed.
done-no-contact = The address is removed. You get no more messages.
done-preferences = Saved.
done-session-ended = The session has ended.
done-recovered = Your password is set, and all other devices are signed out. The recovery code is used up: create another one below.
done-passkey-added = The passkey is added. It signs you in from now on.
done-passkey-renamed = The passkey has its new name.
done-passkey-removed = The passkey is removed.
done-password = Your password is changed. All other sessions have ended.
done-language = The language is set.
