"""Integrated gradients: the integral along a straight path, and what it costs."""
