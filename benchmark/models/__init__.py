"""Models: the catalogue that names them, their weights, and an adapter for each family."""
