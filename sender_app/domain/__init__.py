"""Rules of the business: no input or output, no vendor, no clock of their own."""
