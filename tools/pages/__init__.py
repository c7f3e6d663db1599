"""Pages and schemas that are made from the code: written, or checked to be current."""
