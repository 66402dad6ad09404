"""Files of contacts: text tables and spreadsheets, read a bounded piece at a time."""
