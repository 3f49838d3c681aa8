"""Keeping the Delta tables in order: roll-back, audit trail, compaction, vacuum and archive."""
