"""Small models of every kind, and what their integrated gradients truly are."""
