"""Makes policy/resource_types/*.json: which inputs replace a resource, and where its tags are."""
