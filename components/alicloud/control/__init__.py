"""The user's own account on Alibaba Cloud: what is asked of it, and what it runs on servers."""
