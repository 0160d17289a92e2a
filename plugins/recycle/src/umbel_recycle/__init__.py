"""A worker is started anew before what its tasks leak is too much."""
