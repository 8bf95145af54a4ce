### Texts of the help page, of the installable program, and of the page without a connection.

help-title = Help
help-program-title = Wallet program
help-program-lead = These pages are all you need. Two additions make them easier to use.
help-install-title = As an app
help-extension-title = In the browser: the extension
help-extension-lead = At shops without Tessera, it fills the card form with a number that works only for that shop.
help-missing-title = The extension is not available
help-missing = This server has no such package. Choose another one under “Wallet program”.
help-offline-title = No connection
help-offline = Your wallet is not stored on this device, so it can't be shown without a connection. Try again when you are online.
help-retry = Try again
help-lost-password = I have lost my password
help-lost-password-lead = Set a new one with your identification number and your recovery code: choose “Forgotten your password?” on the sign-in page.
help-lost-number = I have lost my identification number or my recovery code
help-lost-number-lead = Look at the page that you printed and in your password manager. A device that is still signed in can create another code under Security, and the device on which you opened the wallet shows the number there. Without the number, or without both password and code, nobody can open the wallet: if you are still signed in, pay your money back to a funding source and open a new wallet.
help-shop = What does a shop learn about me?
help-shop-lead = That an order was paid, or a card number that represents you. It does not learn your name, your bank, your real card, your balance, or your other purchases.
help-reserved = What is “reserved”?
help-reserved-lead = Money that is kept for a purchase that is not complete yet. It is either paid, or returned to you automatically.
help-declined = A purchase was declined
help-declined-lead = The Transactions page shows the reason. “Not enough money”: load more money. A limit was reached: check the Limits page. “The bank did not answer”: nothing was paid; try again.
help-numbers = When do I use a further number?
help-numbers-lead = One purchase: for a shop that you don't trust. One shop: for a subscription, or a shop that stores your card.
help-stolen = Somebody else has my card number
help-stolen-lead = Freeze the wallet, then get a new number on the Card page. Your money stays.
help-signed-out = Why am I signed out so often?
help-signed-out-lead = A session ends after some time without use, and in any case after some hours. This protects your wallet if somebody finds your device unlocked.
help-close = How do I close the wallet?
help-close-lead = Use the form at the end of the Money page. Your money is paid back to one of your funding sources.
help-passkey = What is a passkey?
help-passkey-lead = A key that your device or password manager keeps for this site. You unlock it with your fingerprint, your face or the PIN of the device, and it signs you in without number and password. You add one under Security. Keep your identification number, password and recovery code: they work as before.
help-lost-passkey = I have lost a device with a passkey
help-lost-passkey-lead = Sign in on another device and remove the passkey under Security. Nobody can use it there without your fingerprint, face or PIN.
help-install-phone = On a phone: open the browser's menu on this page and choose “Add to home screen” or “Install”.
help-install-computer = On a computer: choose the install sign at the right end of the address bar.
help-install-data = It stores no data of your wallet on the device.

# The steps of installing the extension, in order. Names in “ ” are those of the browser's own menus in this language.
help-chromium-title = Chrome, Edge and other browsers based on Chromium
help-chromium-file = Download the extension and unpack it into a permanent folder.
help-chromium-mode = Open chrome://extensions (or edge://extensions) and switch on “Developer mode”.
help-chromium-load = Choose “Load unpacked” and the folder.
help-chromium-sign-in = Pin Tessera to the toolbar, open it, and sign in with your identification number and password.
help-chromium-download = Download for Chrome and Edge
help-firefox-title = Firefox
help-firefox-file = Download the extension. You don't need to unpack it.
help-firefox-load = Open about:debugging#/runtime/this-firefox and choose “Load Temporary Add-on…” and the file.
help-firefox-again = Firefox removes it when it is closed: load it again after the next start.
help-firefox-download = Download for Firefox
# The extension as Mozilla has signed it.
help-signed-confirm = Choose “Install in Firefox”, and confirm when Firefox asks.
help-signed-install = Install in Firefox
help-extension-sign-in = Open Tessera from the toolbar, and sign in with your identification number and password.
help-shortcut-title = Open it quickly
help-shortcut = Press Alt+Shift+P on the page with the card form, or right-click a field and choose “Fill with a Tessera card”. The extension shows what it can fill and fills nothing until you press its button.
