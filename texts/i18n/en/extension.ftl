### Messages of the extension's interface, which the extension shows to the payer.

extension-not-an-extension = This address is only for the extension.
extension-malformed = This extension is out of date. Please get the newest one.
extension-sign-in-again = Your session has ended. Please sign in again.
