"""How the target gcp-vm puts the blocks together for one stack, by its settings."""
