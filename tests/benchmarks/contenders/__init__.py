"""One file for each contender on each broker; it defines `CONTENDER`, or `ABSENT` for those that cannot take part."""
