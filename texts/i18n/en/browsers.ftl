### Texts about notifications in browsers.

browsers-title = In your browser
browsers-lead = A notification when something happens: the text of a text message, also while no page of your wallet is open. The maker of your browser delivers it and can't read it.
browsers-own = Turn this on only where nobody else uses your browser: notifications also come while you are signed out.
browsers-turn-on = Turn on notifications in this browser
browsers-on = This browser shows notifications.
browsers-blocked = This browser blocks notifications from this site. Allow them in its settings, then load this page again.
browsers-unsupported = This browser can't show notifications, or not in a private window.
# Safari there can do it for pages of the Home Screen only.
browsers-home-screen = On an iPhone or iPad, add this page to the Home Screen first, and open it from there.
browsers-needs-script = To turn on notifications, allow JavaScript for this page.
browsers-not-allowed = You have not allowed notifications. Nothing has changed.
browsers-failed = The browser could not turn on notifications. Nothing has changed. Please try again later.
browsers-none = No browser shows notifications.
# On the row of the browser that the page is open in.
browsers-this = This browser
# When the browser was added.
browsers-added-at = since { $time }
browsers-remove = Turn off
# For a screen reader, on the button that turns notifications in a browser off.
browsers-remove-which = Turn off notifications in { $name }
browsers-remove-title = Turn off notifications in this browser?
browsers-remove-lead = It shows no more notifications. You can turn them on again at any time.
browsers-keep = Keep them on
browsers-full = Five browsers show notifications, which is the most. Turn one of them off to add another.
browsers-known = This browser shows notifications already.
browsers-service = This wallet can't send notifications to this browser. Please try another browser.
