"""Programs for whoever works on Slipway; nothing of a launch imports them."""
