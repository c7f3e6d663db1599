"""What the building blocks of every cloud share: nothing here knows which cloud it is."""
