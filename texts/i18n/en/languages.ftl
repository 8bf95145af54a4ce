### The page on which the language is chosen. There each language has its own name, which stands in the source.

languages-title = Language
languages-lead = For all pages, and for the messages that we send you.
languages-browser = As my browser says
languages-save = Save
