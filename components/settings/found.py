from components.errors import nearest, one_line, shown

__all__ = ["nearest", "one_line", "shown"]
