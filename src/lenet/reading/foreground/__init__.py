"""Separation of ink from light, shadow and printed rules."""
