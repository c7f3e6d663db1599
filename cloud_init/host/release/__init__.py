"""A release as it lies on this host: fetched, unpacked, its files, its environment, and which releases stay."""
