"""How soon the page shows what happened, and how soon it can be used."""
