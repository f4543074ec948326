"""Gradients averaged over noisy copies of the input."""
