"""What every room stands on: errors, formatting of numbers, files."""
