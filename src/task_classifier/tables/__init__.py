"""Tables in and out: rows are read one by one, and a row that cannot be read is reported, never lost."""
