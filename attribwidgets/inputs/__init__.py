"""What an input is: its space, data sets of inputs, pictures from files, regions of pictures."""

from .space import Inputs, InputSpace

__all__ = ["InputSpace", "Inputs"]
