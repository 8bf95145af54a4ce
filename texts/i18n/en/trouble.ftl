### Pages for errors.

trouble-not-found-title = This page does not exist
trouble-not-found = The address may be mistyped, or the page was removed.
trouble-form-title = This form is out of date
trouble-form = You opened it before you signed in or out, or it does not come from this site. Nothing has been done. Open the page again and send the form again.
trouble-too-large-title = The form is too long
trouble-too-large = Please enter less text. Nothing has been done.
trouble-busy = Your transactions are already being read for another page or file. Please try again in a moment.
trouble-failure-title = Please try again later
trouble-back = Back to the start
trouble-again = Try again
