"""What a person reads: tables, plans, progress, questions. Nothing here decides anything."""
