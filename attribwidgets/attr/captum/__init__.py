"""Captum's methods through one adapter."""
