"""Reading results: handles, and the one listener that hears of all of them."""
