### The recovery code.

recovery-code = Recovery code
recovery-code-hint = 25 characters: letters, digits and +. Capitals, spaces and hyphens do not matter.
recovery-there = There is a recovery code for this wallet. It sets a new password if you lose yours, and works once. Only you have it: create another one if you no longer do.
recovery-none = There is no recovery code. Without one, a lost password can't be replaced: create one, and keep it away from this device.
recovery-create = Create a recovery code
recovery-another = Create another code
recovery-new-title = Your new recovery code
recovery-new-lead = Print this page or write the code down, and keep it away from this device. It is shown only now. Together with the identification number it sets a new password, once. An earlier code no longer works.
recovery-picture = QR code that opens the sign-in page with your identification number
recovery-picture-lead = Scan it to sign in on a phone; it holds the number, not the code.
recovery-print = Print, or save as PDF
recovery-printed = Keep this page where nobody else finds it. Sign in, or set a new password with the recovery code, at { $address }
recovery-forgotten = Forgotten your password?
recovery-forgotten-title = Set a new password
recovery-forgotten-lead = With your identification number and the recovery code. All devices are signed out, and the code is used up.
recovery-new-password = New password
recovery-recover = Set the password and sign in
recovery-no-match = The identification number or the recovery code is wrong, or the code was used.
recovery-no-code-title = No number, or no code?
recovery-no-code = Look at the page that you printed, at your notes and in your password manager: it may have saved the number as the user name. We know neither the number nor the code, so we can't send them. A device that is still signed in can show the number and create another code, under Security.
