"""One file for each measurement; it defines `MEASUREMENT`."""
