"""The building blocks on Google Cloud; `components.gcp` names the public ones."""
