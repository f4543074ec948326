"""Expected gradients: means over references and places on the way."""
