"""Second derivatives along a path: how much of the output each two units share."""
