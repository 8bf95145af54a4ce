extension-not-an-extension = Diese Adresse ist nur für die Erweiterung.
extension-malformed = Diese Erweiterung ist veraltet. Bitte holen Sie sich die neueste.
extension-sign-in-again = Ihre Sitzung ist beendet. Bitte melden Sie sich wieder an.
