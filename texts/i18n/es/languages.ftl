languages-title = Idioma
languages-lead = Para todas las páginas y para los mensajes que le enviamos.
languages-browser = El de mi navegador
languages-save = Guardar
