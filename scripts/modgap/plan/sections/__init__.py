"""Sections of the configuration that are written out, derived or switched off."""
