"""Running models in processes of their own, and measuring them there."""
