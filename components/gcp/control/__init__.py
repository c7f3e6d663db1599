"""The user's own login at Google Cloud: what is asked with it, and the way to servers."""
