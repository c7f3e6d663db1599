"""What makes a bare machine a server of Slipway's, and what takes Slipway off it again. Runs as root."""
