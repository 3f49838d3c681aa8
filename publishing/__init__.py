"""What people read about the lakehouse, generated from its tables: slides, report, docs."""
