extension-not-an-extension = このアドレスは拡張機能専用です。
extension-malformed = この拡張機能は古いバージョンです。最新版をインストールしてください。
extension-sign-in-again = セッションが終了しました。もう一度ログインしてください。
