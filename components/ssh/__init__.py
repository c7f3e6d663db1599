"""Servers reached by SSH: connections whose host keys are verified, and what stands on a server
because of it."""
