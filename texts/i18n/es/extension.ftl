extension-not-an-extension = Esta dirección es solo para la extensión.
extension-malformed = Esta extensión no está actualizada. Instale la versión más reciente.
extension-sign-in-again = Su sesión se ha cerrado. Inicie sesión de nuevo.
