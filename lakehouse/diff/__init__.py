"""What two versions of a table, or two schemas' tables, hold that differs."""
