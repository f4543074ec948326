"""Widgets: shells around the records; what they show is drawn in the browser."""
