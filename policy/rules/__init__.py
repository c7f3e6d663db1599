"""Rules: functions in modules by subject, each module's `RULES`. A rule's id is its function's name
with hyphens.

A docstring says what a rule wants; the first paragraph is its description. A rule is pure, and
never raises, whatever is in a plan."""
