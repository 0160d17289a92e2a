"""Gates that the kernel brings itself, through the same door as everybody's."""
