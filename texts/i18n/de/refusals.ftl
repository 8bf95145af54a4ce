refusals-wrong-password = Das Passwort ist falsch.
refusals-password-again = Bitte geben Sie Ihr Passwort noch einmal ein: Seit der letzten Eingabe ist einige Zeit vergangen.
refusals-no-line = Der Zahlungsdienst ist nicht erreichbar. Es ist nichts geschehen. Bitte versuchen Sie es gleich noch einmal.
refusals-no-answer = Der Zahlungsdienst hat nicht geantwortet. Wir wissen noch nicht, ob der Auftrag ausgeführt wurde. Bitte sehen Sie unter „Zahlungen“ nach, bevor Sie es noch einmal versuchen.
refusals-too-long = Eine der Eingaben ist zu lang.
refusals-nonsense = Der Zahlungsdienst hat eine unerwartete Antwort gesendet.
refusals-busy = { $seconds ->
    [one] Der Zahlungsdienst ist ausgelastet. Es ist nichts geschehen. Versuchen Sie es in { $seconds } Sekunde noch einmal.
   *[other] Der Zahlungsdienst ist ausgelastet. Es ist nichts geschehen. Versuchen Sie es in { $seconds } Sekunden noch einmal.
}
refusals-try-again = { $seconds ->
    [one] Zu viele Versuche. Versuchen Sie es in { $seconds } Sekunde noch einmal.
   *[other] Zu viele Versuche. Versuchen Sie es in { $seconds } Sekunden noch einmal.
}
refusals-declined = Die Bank hat abgelehnt.
refusals-not-now = Das ist im Moment nicht möglich.
refusals-amount = Dieser Betrag ist nicht möglich.
refusals-no-card = Sie haben noch keine Karte.
refusals-gone = Was Sie gewählt haben, gibt es nicht mehr.
refusals-not-valid = Eine der Eingaben ist nicht gültig. Bitte prüfen Sie sie.
refusals-money = Sie haben nicht genug Geld verfügbar.
refusals-expired = Die Karte ist abgelaufen.
refusals-not-allowed = Das ist nicht erlaubt.
refusals-limit = Das ist über einem Limit.
refusals-frozen = Die Wallet ist gesperrt oder aufgelöst.
refusals-session = Die Sitzung ist beendet.
refusals-number = Mehr davon können Sie nicht hinzufügen.
refusals-bank-silent = Die Bank antwortet nicht. Wenn es um Geld ging, sehen Sie bitte unter „Zahlungen“ nach, bevor Sie es noch einmal versuchen.
refusals-exists = Was Sie gewählt haben, gibt es schon.
refusals-problem = Beim Zahlungsdienst gab es eine Störung. Es hat sich nichts geändert.
refusals-reason-not-possible = nicht möglich
refusals-reason-amount = nicht der Betrag, dem Sie zugestimmt haben
refusals-reason-number = unbekannte Kartennummer
refusals-reason-agreement = nicht rechtzeitig zugestimmt
refusals-reason-money = nicht genug Geld verfügbar
refusals-reason-expired = Karte abgelaufen
refusals-reason-not-permitted = nicht erlaubt
refusals-reason-limit = über einem Betragslimit
refusals-reason-frozen = Wallet gesperrt
refusals-reason-count = zu viele Käufe
refusals-reason-bank-silent = keine Antwort der Bank
refusals-reason-duplicate = doppelt angefordert
refusals-reason-busy = Zahlungsdienst ausgelastet
refusals-reason-unknown = Entscheidung der Bank, ohne Begründung
