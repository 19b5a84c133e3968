"""Pictures: the page as its documentation shows it, on a day of work that is made up."""
