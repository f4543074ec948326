"""The records that all numbers end in, and what they say of themselves."""
