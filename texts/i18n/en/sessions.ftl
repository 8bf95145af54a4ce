### Texts about sessions and the password.

sessions-title = Security
sessions-sessions = Where you are signed in
sessions-this = This device
sessions-extension = Extension
sessions-end = End
sessions-everywhere = Sign out everywhere
sessions-password = Change the password
sessions-old = Current password
sessions-new = New password
sessions-again = Repeat the new password
sessions-change = Change
sessions-change-lead = All other sessions end.
# When a session was opened, and when it was last used.
sessions-opened = since { $time }
sessions-used = last used { $time }
# For a screen reader, on the button that ends a session.
sessions-end-which = End { $device }
# A device on which the payer is signed in: Firefox on Windows.
sessions-device = { $browser } on { $system }
sessions-a-browser = A browser
