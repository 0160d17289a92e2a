"""The pool grows with the work and shrinks without it: `umbel worker --autoscale=10,3`."""
