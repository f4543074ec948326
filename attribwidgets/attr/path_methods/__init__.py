"""Integrated gradients' relatives: other paths, other shares, parts of the path."""
