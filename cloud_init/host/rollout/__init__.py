"""A release becomes the one that serves: prepared beside the live one, gated, flipped to, drained; and after a reboot."""
