"""How the target alicloud-ecs puts the blocks together for one stack, by its settings."""
