languages-title = Sprache
languages-lead = Für alle Seiten und für die Mitteilungen, die wir Ihnen senden.
languages-browser = Wie mein Browser
languages-save = Speichern
