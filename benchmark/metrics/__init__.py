"""Pure functions from what models found, and how long they took, to numbers."""
