"""The building blocks on Amazon. Types of its SDK are quoted: each is imported as it is used."""
