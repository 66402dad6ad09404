"""Pieces that pages are made of; no state of their own."""
